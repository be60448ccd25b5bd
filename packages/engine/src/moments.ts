import type { Moments, MomentMode, MomentTree } from '@espalier/core';

/** Gathers one norm's statistics over batches in float64. */
interface Gatherer {
  add(mean: Float64Array, variance: Float64Array, count: number): void;
  result(): Moments;
}

/** Gathers every norm's statistics over batches. */
export class MomentGatherer {
  readonly #gatherers: ReadonlyMap<string, Gatherer>;

  /** @param start the running statistics that an exponential average starts from */
  constructor(start: MomentTree, mode: MomentMode) {
    this.#gatherers = new Map(
      [...start].map(([node, moments]) => [
        node,
        mode.kind === 'ema' ? average(moments, mode.momentum) : pool(moments),
      ]),
    );
  }

  /** One batch's mean and population variance over `count` positions. */
  add(node: string, batch: { mean: Float64Array; variance: Float64Array }, count: number): void {
    this.#gatherers.get(node)?.add(batch.mean, batch.variance, count);
  }

  result(): MomentTree {
    return new Map([...this.#gatherers].map(([node, gatherer]) => [node, gatherer.result()]));
  }
}

/** Exact statistics of all positions: the pairwise update of Chan, Golub & LeVeque (1979). */
function pool({ mean: start }: Moments): Gatherer {
  const mean = new Float64Array(start.length);
  const squares = new Float64Array(start.length);
  let total = 0;
  return {
    add: (batchMean, variance, count) => {
      const next = total + count;
      for (let c = 0; c < mean.length; c++) {
        const delta = batchMean[c]! - mean[c]!;
        mean[c]! += (delta * count) / next;
        squares[c]! += variance[c]! * count + (delta * delta * total * count) / next;
      }
      total = next;
    },
    result: () => ({
      mean: Float32Array.from(mean),
      variance: Float32Array.from(squares, (sum) => sum / total),
    }),
  };
}

/** `momentum` is the kept fraction. */
function average(start: Moments, momentum: number): Gatherer {
  const mean = Float64Array.from(start.mean);
  const variance = Float64Array.from(start.variance);
  return {
    add: (batchMean, batchVariance) => {
      for (let c = 0; c < mean.length; c++) {
        mean[c] = momentum * mean[c]! + (1 - momentum) * batchMean[c]!;
        variance[c] = momentum * variance[c]! + (1 - momentum) * batchVariance[c]!;
      }
    },
    result: () => ({ mean: Float32Array.from(mean), variance: Float32Array.from(variance) }),
  };
}
