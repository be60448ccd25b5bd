import {
  found,
  type ModelGraph,
  MomentAccumulator,
  type MomentMode,
  type Moments,
  type MomentTree,
} from '@espalier/core';

/** One batch's mean and population variance per channel, over `count` positions. */
export interface BatchMoments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly count: number;
}

/** Gathers every norm's statistics over batches, in float64. */
export interface MomentGatherer {
  add(node: string, batch: BatchMoments): void;
  result(): MomentTree;
}

/** Pooled exactly, or averaged from the given statistics on. */
export function createMomentGatherer(graph: ModelGraph, start: MomentTree, mode: MomentMode): MomentGatherer {
  if (mode.kind === 'ema') return averageFrom(start, mode.momentum);
  const pooled = new MomentAccumulator(graph);
  return {
    add: (node, batch) => {
      pooled.addBatch(node, batch);
    },
    result: () => pooled.result(),
  };
}

/** `kept` is the fraction of the previous value that each batch keeps. */
function averageFrom(start: MomentTree, kept: number): MomentGatherer {
  const running = new Map([...start].map(([node, moments]) => [node, doubled(moments)]));
  return {
    add: (node, { mean, variance }) => {
      const own = found(running.get(node), node);
      pull(own.mean, mean, kept);
      pull(own.variance, variance, kept);
    },
    result: () =>
      new Map(
        [...running].map(([node, { mean, variance }]) => [
          node,
          { mean: Float32Array.from(mean), variance: Float32Array.from(variance) },
        ]),
      ),
  };
}

function pull(running: Float64Array, values: Float64Array, kept: number): void {
  for (const [c, value] of values.entries()) running[c] = kept * (running[c] ?? 0) + (1 - kept) * value;
}

function doubled({ mean, variance }: Moments): { mean: Float64Array; variance: Float64Array } {
  return { mean: Float64Array.from(mean), variance: Float64Array.from(variance) };
}
