import { unreachable, type MomentMode, type MomentSpec, type MomentTree } from '@espalier/core';
import type { ForwardPass } from './forward.js';
import { readFloats } from './tensors.js';

/** Turns batch statistics into the moments of a run. Population variances throughout. */
export interface MomentTracker {
  /** Called before the first batch of every pass over the data. */
  beginPass(): void;
  /** Folds in one batch-norm node's statistics over `count` positions. */
  add(
    node: string,
    statistics: { readonly mean: Float32Array; readonly variance: Float32Array },
    count: number,
  ): void;
  /** The moments so far, in new arrays; of a node that saw nothing, those it started with. */
  result(): MomentTree;
}

/** A tracker of that mode, starting from the given moments. */
export function createMomentTracker(
  mode: MomentMode,
  specs: readonly MomentSpec[],
  start: MomentTree,
): MomentTracker {
  switch (mode.kind) {
    case 'pooled':
      return new PooledTracker(specs, start);
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
  counts: PositionCounts,
): Promise<void> {
  for (const [node, { mean, variance }] of pass.statistics) {
    tracker.add(node, { mean: await readFloats(mean), variance: await readFloats(variance) }, counts(node));
  }
}

/** Positions (samples × pixels) that a batch-norm node's statistics of one batch stand for. */
export type PositionCounts = (node: string) => number;

/** Exact moments over all positions since the last {@link MomentTracker.beginPass}, in float64. */
class PooledTracker implements MomentTracker {
  readonly #sums = new Map<string, PooledSums>();
  readonly #specs: readonly MomentSpec[];
  readonly #start: MomentTree;

  constructor(specs: readonly MomentSpec[], start: MomentTree) {
    this.#specs = specs;
    this.#start = start;
  }

  beginPass(): void {
    this.#sums.clear();
  }

  add(node: string, { mean, variance }: { mean: Float32Array; variance: Float32Array }, count: number): void {
    const before = this.#sums.get(node);
    const sums = before ?? {
      count: 0,
      mean: new Float64Array(mean.length),
      squares: new Float64Array(mean.length),
    };
    const total = sums.count + count;
    // Chan, Golub & LeVeque 1979: merging keeps full precision where Σx² − (Σx)²/n would cancel.
    for (let c = 0; c < mean.length; c++) {
      const delta = mean[c]! - sums.mean[c]!;
      sums.mean[c]! += (delta * count) / total;
      sums.squares[c]! += variance[c]! * count + (delta * delta * sums.count * count) / total;
    }
    sums.count = total;
    this.#sums.set(node, sums);
  }

  result(): MomentTree {
    return new Map(
      this.#specs.map(({ node }) => {
        const sums = this.#sums.get(node);
        if (sums === undefined) return [node, copyOf(this.#start, node)];
        const variance = Float32Array.from(sums.squares, (squares) => Math.max(0, squares / sums.count));
        return [node, { mean: Float32Array.from(sums.mean), variance }];
      }),
    );
  }
}

interface PooledSums {
  count: number;
  readonly mean: Float64Array;
  /** Sums of squared deviations from the mean. */
  readonly squares: Float64Array;
}

/** `m ← kept·m + (1 − kept)·batch`, from the moments it starts with. */
class EmaTracker implements MomentTracker {
  readonly #kept: number;
  readonly #moments: Map<string, { mean: Float32Array; variance: Float32Array }>;

  constructor(kept: number, start: MomentTree) {
    this.#kept = kept;
    this.#moments = new Map([...start.keys()].map((node) => [node, copyOf(start, node)]));
  }

  beginPass(): void {
    // The average runs on over all passes.
  }

  add(node: string, batch: { mean: Float32Array; variance: Float32Array }): void {
    const own = this.#moments.get(node)!;
    for (let c = 0; c < batch.mean.length; c++) {
      own.mean[c] = this.#kept * own.mean[c]! + (1 - this.#kept) * batch.mean[c]!;
      own.variance[c] = this.#kept * own.variance[c]! + (1 - this.#kept) * batch.variance[c]!;
    }
  }

  result(): MomentTree {
    return new Map([...this.#moments.keys()].map((node) => [node, copyOf(this.#moments, node)]));
  }
}

function copyOf(moments: MomentTree, node: string): { mean: Float32Array; variance: Float32Array } {
  const { mean, variance } = moments.get(node)!;
  return { mean: mean.slice(), variance: variance.slice() };
}
