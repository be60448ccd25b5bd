import type { RoundMetrics } from '@espalier/server/coordinator';
import { z } from 'zod';
import type { SimulatedRun } from '../simulate.js';
import { analyticCost } from './analytic-cost.js';
import type { Cell } from './grid.js';

/** The layout of a line of `results.jsonl`. Lines of layout 1 have no curves and say no layout. */
export const RESULT_FORMAT = 2;

const figures = z.array(z.number());
const terms = z.record(z.string(), z.number());

/** A finished cell as it is kept; what older lines do not have is null. */
export const cellResultSchema = z.object({
  format: z.literal([1, RESULT_FORMAT]).default(1),
  name: z.string(),
  density: z.number(),
  seed: z.number(),
  partition: z.string().nullable().default(null),
  /** Key of the cell; see `Cell`. */
  cell: z.string().nullable().default(null),
  /** Version of the program that ran it. */
  program: z.string().nullable().default(null),
  accuracy: z.object({ final: z.number().nullable(), best: z.number().nullable() }),
  /** Density reached over maskable weights, and over all. */
  maskable: z.number(),
  all: z.number().nullable().default(null),
  /** Bytes in all, set-up included. */
  up: z.number(),
  down: z.number(),
  /** Multiply-accumulates of training and of measuring moments, all clients together. */
  macs: z.number(),
  forwardMacs: z.number(),
  peakBytes: z.number(),
  /** Seconds on the machine that ran it. */
  seconds: z.number(),
  /** Seconds of the simulated fleet's time; null without devices. */
  virtualSeconds: z.number().nullable().default(null),
  /** The candidate that was chosen. */
  chosen: z.number().nullable().default(null),
  modelHash: z.string().nullable().default(null),
  /**
   * By the authors' cost model: bytes and multiply-accumulates of all rounds; the most that a client holds, without
   * activations; and what core's `byteTerms` and `macTerms` add to them, by the terms' ids.
   */
  analytic: z
    .object({
      bytes: z.number(),
      macs: z.number(),
      memory: z.number().nullable().default(null),
      terms: z.object({ bytes: terms, macs: terms }).nullable().default(null),
    })
    .nullable()
    .default(null),
  /** Density per layer at the end. */
  perLayer: z.record(z.string(), z.number()).nullable().default(null),
  /** Training samples per client and class. */
  samples: z.array(figures).nullable().default(null),
  /** One entry a round. */
  curve: z
    .object({
      accuracy: z.array(z.number().nullable()),
      trainLoss: figures,
      up: figures,
      down: figures,
      macs: figures,
      seconds: figures,
      density: figures,
    })
    .nullable()
    .default(null),
});

/** A finished cell. */
export type CellResult = z.output<typeof cellResultSchema>;

/** Condenses a run to the result of its cell. */
export function cellResult(
  cell: Cell,
  run: SimulatedRun,
  { lines, program }: { readonly lines: readonly RoundMetrics[]; readonly program: string },
): CellResult {
  const { summary } = run;
  const sorted = [...lines].sort((a, b) => a.round - b.round);
  return {
    format: RESULT_FORMAT,
    name: cell.name,
    density: cell.density,
    seed: cell.seed,
    partition: cell.partition,
    cell: cell.hash,
    program,
    accuracy: summary.accuracy,
    maskable: summary.density.maskable,
    all: summary.density.all,
    up: summary.bytes.up,
    down: summary.bytes.down,
    macs: summary.macs.train + summary.macs.moments,
    forwardMacs: summary.macs.forwardPerSample,
    peakBytes: summary.peakBytes,
    seconds: run.wallSeconds,
    virtualSeconds: run.virtualSeconds === 0 ? null : run.virtualSeconds,
    chosen: summary.selection?.chosen ?? null,
    modelHash: summary.model.hash,
    analytic: analyticCost(run, cell.job, sorted),
    perLayer: { ...summary.density.perLayer },
    samples: run.partition.map((counts) => [...counts]),
    curve: {
      accuracy: sorted.map(({ accuracy }) => accuracy),
      trainLoss: sorted.map(({ trainLoss }) => trainLoss),
      up: sorted.map(({ bytes }) => bytes.up),
      down: sorted.map(({ bytes }) => bytes.down),
      macs: sorted.map(({ macs }) => macs.train + macs.moments),
      seconds: sorted.map(({ seconds }) => seconds),
      density: sorted.map(({ density }) => density.maskable),
    },
  };
}

/** Multiply-accumulates of the rounds, without what measuring the final model took. */
export function roundMacs({ curve, macs }: CellResult): number {
  return curve === null ? macs : curve.macs.reduce((sum, each) => sum + each, 0);
}

/** Bytes that rounds moved both ways, without set-up and final model; null where the curve was not kept. */
export function roundBytes({ curve }: CellResult): number | null {
  if (curve === null) return null;
  return [...curve.up, ...curve.down].reduce((sum, bytes) => sum + bytes, 0);
}
