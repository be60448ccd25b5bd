import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { momentSpecs } from '../graph/parameters.js';
import type { MomentTree, Moments } from '../params/model-state.js';

/** Statistics of one batch at one batch-norm input: per channel, over `count` positions (samples × height × width). */
export interface BatchMoments {
  readonly mean: ArrayLike<number>;
  /** Population variance. */
  readonly variance: ArrayLike<number>;
  readonly count: number;
}

/** The same as plain sums. */
export interface BatchSums {
  /** Σx per channel. */
  readonly sum: ArrayLike<number>;
  /** Σx² per channel. */
  readonly sumOfSquares: ArrayLike<number>;
  readonly count: number;
}

interface NodeSums {
  readonly sum: Float64Array;
  readonly sumOfSquares: Float64Array;
  count: number;
}

/**
 * Pools batch-norm statistics exactly over any number of batches of any size: per channel Σx, Σx² and the count, in
 * float64. One pass gives what FedTiny's ten passes of a moving average only approach.
 */
export class MomentAccumulator {
  readonly #nodes: ReadonlyMap<string, NodeSums>;

  constructor(graph: ModelGraph) {
    this.#nodes = new Map(
      momentSpecs(graph).map(({ node, channels }) => [
        node,
        { sum: new Float64Array(channels), sumOfSquares: new Float64Array(channels), count: 0 },
      ]),
    );
  }

  /** Adds a batch given by its moments. @throws EspalierError `invalid_argument`, `wrong_length`. */
  addBatch(node: string, { mean, variance, count }: BatchMoments): void {
    const own = this.#checked(node, count, [mean, variance]);
    own.count += count;
    for (let c = 0; c < own.sum.length; c++) {
      own.sum[c] = (own.sum[c] ?? 0) + (mean[c] ?? 0) * count;
      own.sumOfSquares[c] =
        (own.sumOfSquares[c] ?? 0) + ((variance[c] ?? 0) + (mean[c] ?? 0) * (mean[c] ?? 0)) * count;
    }
  }

  /** Adds a batch given by its sums. @throws EspalierError `invalid_argument`, `wrong_length`. */
  addSums(node: string, { sum, sumOfSquares, count }: BatchSums): void {
    const own = this.#checked(node, count, [sum, sumOfSquares]);
    own.count += count;
    for (let c = 0; c < own.sum.length; c++) {
      own.sum[c] = (own.sum[c] ?? 0) + (sum[c] ?? 0);
      own.sumOfSquares[c] = (own.sumOfSquares[c] ?? 0) + (sumOfSquares[c] ?? 0);
    }
  }

  /** The moments of everything added. @throws EspalierError `invalid_argument` when a node has seen nothing. */
  result(): MomentTree {
    return new Map([...this.#nodes].map(([node, sums]) => [node, momentsOf(node, sums)]));
  }

  #checked(node: string, count: number, values: readonly ArrayLike<number>[]): NodeSums {
    const own = this.#nodes.get(node);
    if (own === undefined) {
      throw new EspalierError('invalid_argument', `the graph has no batch-norm node ${node}`, { node });
    }
    if (!(count > 0 && count < Infinity)) {
      throw new EspalierError('invalid_argument', `a batch of ${count} positions at ${node}`, { node });
    }
    for (const { length } of values) {
      if (length === own.sum.length) continue;
      throw new EspalierError(
        'wrong_length',
        `${node} has ${own.sum.length} channels, got ${length} values`,
        {
          node,
        },
      );
    }
    return own;
  }
}

function momentsOf(node: string, { sum, sumOfSquares, count }: NodeSums): Moments {
  if (count === 0) {
    throw new EspalierError('invalid_argument', `no batch reached ${node}, so it has no moments`, { node });
  }
  const means = sum.map((total) => total / count);
  return {
    mean: Float32Array.from(means),
    // The difference of nearly equal numbers may be below 0, which a variance never is.
    variance: Float32Array.from(sumOfSquares, (total, c) =>
      Math.max(0, total / count - (means[c] ?? 0) * (means[c] ?? 0)),
    ),
  };
}
