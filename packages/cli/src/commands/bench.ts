import Table from 'cli-table3';
import { createNodeTrainer, openEngine } from '@espalier/client-node';
import { buildModel, type ModelGraph } from '@espalier/core';
import { benchEngine, type EngineBenchResult } from '@espalier/engine';
import { bytes, type OutputFormat, type Terminal } from '../terminal.js';

/** Flags of `espalier bench engine`. */
export interface BenchEngineFlags {
  readonly model: string;
  readonly width?: number;
  readonly imageSize: number;
  /** Left out: the whole table. */
  readonly density?: number;
  readonly batch: number;
  readonly threads: number;
  readonly reference: boolean;
  readonly format: OutputFormat;
}

/** Densities of the table. */
const DENSITIES = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];

const CLASSES = 10;

/** The network that the flags name. */
export function benchGraph({ model, width, imageSize }: BenchEngineFlags): ModelGraph {
  return buildModel({ name: model, width: width ?? null }, [imageSize, imageSize, 3], CLASSES);
}

/** Measures the engine's forward pass and training step beside the tfjs wasm trainer's, in turn, in one run. */
export async function benchEngineCommand(flags: BenchEngineFlags, terminal: Terminal): Promise<void> {
  const { density, format } = flags;
  if (density !== undefined) {
    const result = await measure(flags, density);
    terminal.out(format === 'json' ? JSON.stringify(result) : table([{ density, result }]));
    return;
  }
  const rows: { density: number; result: EngineBenchResult }[] = [];
  for (const each of DENSITIES) {
    terminal.note(`density ${each} …`);
    rows.push({ density: each, result: await measure(flags, each) });
  }
  terminal.out(format === 'json' ? JSON.stringify(rows) : table(rows));
}

async function measure(flags: BenchEngineFlags, density: number): Promise<EngineBenchResult> {
  const { batch } = flags;
  const graph = benchGraph(flags);
  const engine = await openEngine(flags.threads);
  const reference = flags.reference ? await createNodeTrainer({ backend: 'wasm' }) : undefined;
  try {
    return await benchEngine({
      graph,
      density,
      batch,
      engine,
      ...(reference ? { reference } : {}),
      clock: () => performance.now(),
    });
  } finally {
    await engine.dispose();
    await reference?.dispose();
  }
}

function table(rows: readonly { readonly density: number; readonly result: EngineBenchResult }[]): string {
  const shown = new Table({
    head: [
      'density',
      'forward ms',
      'train ms',
      'GFLOP/s',
      'memory',
      'ref. forward',
      'ref. train',
      'speed-up',
      'training',
    ],
    style: { head: [], border: [] },
    colAligns: Array.from({ length: 9 }, () => 'right' as const),
  });
  for (const { density, result } of rows) {
    const { msPerImage, usefulGflops, plannedBytes, reference, speedup } = result;
    shown.push([
      String(density),
      msPerImage.forward.toFixed(2),
      msPerImage.train.toFixed(2),
      usefulGflops.toFixed(1),
      bytes(plannedBytes),
      reference?.msPerImage.forward.toFixed(2) ?? '–',
      reference?.msPerImage.train.toFixed(2) ?? '–',
      speedup ? `${speedup.forward.toFixed(1)}×` : '–',
      speedup ? `${speedup.train.toFixed(1)}×` : '–',
    ]);
  }
  const machine = rows[0]?.result.machine;
  const rates = machine
    ? `this machine: ${machine.gflops.toFixed(1)} GFLOP/s in the engine's inner loop, ${machine.gigabytesPerSecond.toFixed(1)} GB/s copying`
    : '';
  return `${shown.toString()}\nmilliseconds an image, the best of several rounds; ${rates}`;
}
