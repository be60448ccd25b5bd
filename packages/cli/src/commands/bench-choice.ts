import Table from 'cli-table3';
import { openEngine } from '@espalier/client-node';
import { benchVariants, type SparseTrainer, type VariantBenchResult } from '@espalier/engine';
import { bytes, type Terminal } from '../terminal.js';
import { benchGraph, type BenchEngineFlags } from './bench.js';

/** Something the engine decides, and the two ways it could. */
interface TwoWays {
  readonly labels: readonly [string, string];
  readonly densities: readonly number[];
  readonly open: (flags: BenchEngineFlags) => readonly [Promise<SparseTrainer>, Promise<SparseTrainer>];
}

const SPARSE = [0.01, 0.05, 0.1, 0.5, 1];

/** Comparisons that `--versus` offers, with the densities used when none is given. */
export const CHOICES = {
  'dense-path': {
    labels: ['lists', 'dense path'],
    densities: [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
    open: ({ threads }) => [openEngine(threads, { denseFrom: 2 }), openEngine(threads, { denseFrom: 0 })],
  },
  recompute: {
    labels: ['kept', 'recomputed'],
    densities: SPARSE,
    open: ({ threads }) => [openEngine(threads, { recompute: false }), openEngine(threads)],
  },
  threads: {
    labels: ['one thread', 'threads'],
    densities: SPARSE,
    open: ({ threads }) => [openEngine(1), openEngine(Math.max(2, threads))],
  },
} as const satisfies Readonly<Record<string, TwoWays>>;

/** A name of {@link CHOICES}. */
export type Choice = keyof typeof CHOICES;

/** Measures both ways of a choice in turn, on the same network and data. */
export async function benchChoice(
  flags: BenchEngineFlags & { readonly versus: Choice },
  terminal: Terminal,
): Promise<void> {
  const { versus, density, format } = flags;
  const { labels, densities }: TwoWays = CHOICES[versus];
  const rows: { density: number; results: readonly [VariantBenchResult, VariantBenchResult] }[] = [];
  for (const each of density === undefined ? densities : [density]) {
    terminal.note(`density ${each} …`);
    rows.push({ density: each, results: await measure(flags, each) });
  }
  if (format === 'json') {
    terminal.out(JSON.stringify({ versus, labels, rows }));
    return;
  }
  const shown = new Table({
    head: [
      'density',
      ...labels.flatMap((label) => [`${label}: forward ms`, 'train ms', 'memory']),
      'train ratio',
    ],
    style: { head: [], border: [] },
    colAligns: Array.from({ length: 8 }, () => 'right' as const),
  });
  for (const { density: each, results } of rows)
    shown.push([String(each), ...results.flatMap(cells), ratio(results)]);
  terminal.out(
    `${shown.toString()}\nmilliseconds an image, both measured in turn, the best of several rounds`,
  );
}

async function measure(
  flags: BenchEngineFlags & { readonly versus: Choice },
  density: number,
): Promise<readonly [VariantBenchResult, VariantBenchResult]> {
  const { open }: TwoWays = CHOICES[flags.versus];
  const [first, second] = await Promise.all(open(flags));
  try {
    return await benchVariants({
      graph: benchGraph(flags),
      density,
      batch: flags.batch,
      variants: [first, second],
      clock: () => performance.now(),
    });
  } finally {
    await first.dispose();
    await second.dispose();
  }
}

function cells({ msPerImage, plannedBytes }: VariantBenchResult): string[] {
  return [msPerImage.forward.toFixed(2), msPerImage.train.toFixed(2), bytes(plannedBytes)];
}

function ratio([first, second]: readonly [VariantBenchResult, VariantBenchResult]): string {
  return `${(first.msPerImage.train / second.msPerImage.train).toFixed(2)}×`;
}
