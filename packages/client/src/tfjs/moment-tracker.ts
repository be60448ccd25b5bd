import {
  MomentAccumulator,
  unreachable,
  type BatchMoments,
  type ModelGraph,
  type MomentMode,
  type MomentTree,
} from '@espalier/core';
import type { ForwardPass } from './forward.js';
import { readFloats } from './tensors.js';

/** Turns batch statistics into the moments of a run. Population variances throughout. */
export interface MomentTracker {
  /** Called before the first batch of every pass over the data. */
  beginPass(): void;
  /** Folds in one batch-norm node's statistics. */
  add(node: string, batch: BatchMoments): void;
  /** The moments so far, in new arrays. */
  result(): MomentTree;
}

/** A tracker of that mode, starting from the given moments. */
export function createMomentTracker(mode: MomentMode, graph: ModelGraph, start: MomentTree): MomentTracker {
  switch (mode.kind) {
    case 'pooled':
      return new PooledTracker(graph);
    case 'ema':
      return new EmaTracker(mode.momentum, start);
    default:
      return unreachable(mode);
  }
}

/** Reads the statistics a training or statistics pass left and folds them in. */
export async function trackPass(
  tracker: MomentTracker,
  pass: ForwardPass,
  countOf: PositionCounts,
): Promise<void> {
  for (const [node, statistics] of pass.statistics) {
    const mean = await readFloats(statistics.mean);
    const variance = await readFloats(statistics.variance);
    tracker.add(node, { mean, variance, count: countOf(node) });
  }
}

/** Positions (samples × pixels) that a batch-norm node's statistics of one batch cover. */
export type PositionCounts = (node: string) => number;

/** Exact moments over all positions since the last {@link MomentTracker.beginPass}. */
class PooledTracker implements MomentTracker {
  readonly #graph: ModelGraph;
  #pool: MomentAccumulator;

  constructor(graph: ModelGraph) {
    this.#graph = graph;
    this.#pool = new MomentAccumulator(graph);
  }

  beginPass(): void {
    this.#pool = new MomentAccumulator(this.#graph);
  }

  add(node: string, batch: BatchMoments): void {
    this.#pool.addBatch(node, batch);
  }

  result(): MomentTree {
    return this.#pool.result();
  }
}

interface Average {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** `m ← kept·m + (1 − kept)·batch`, from the moments it starts with, on over all passes. */
class EmaTracker implements MomentTracker {
  readonly #kept: number;
  readonly #averages: ReadonlyMap<string, Average>;

  constructor(kept: number, start: MomentTree) {
    this.#kept = kept;
    this.#averages = new Map(
      [...start].map(([node, { mean, variance }]) => [
        node,
        { mean: Float64Array.from(mean), variance: Float64Array.from(variance) },
      ]),
    );
  }

  beginPass(): void {
    // Nothing starts anew.
  }

  add(node: string, batch: BatchMoments): void {
    const own = this.#averages.get(node)!;
    this.#blend(own.mean, batch.mean);
    this.#blend(own.variance, batch.variance);
  }

  result(): MomentTree {
    return new Map(
      [...this.#averages].map(([node, { mean, variance }]) => [
        node,
        { mean: Float32Array.from(mean), variance: Float32Array.from(variance) },
      ]),
    );
  }

  #blend(own: Float64Array, batch: ArrayLike<number>): void {
    for (let c = 0; c < own.length; c++) own[c] = this.#kept * own[c]! + (1 - this.#kept) * batch[c]!;
  }
}
