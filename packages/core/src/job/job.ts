import type { ModelMoments } from '../batchnorm/model-moments.js';
import type { ModelSpec, ModelFile } from '../graph/model-spec.js';
import type { DataSpec, PartitionSpec } from '../data/data-spec.js';
import type { LearningRateSpec, PretrainSpec } from '../trainer/learning-rate.js';
import type { PoolSpec } from '../candidates/pool-spec.js';
import type { AdjustmentSpec } from '../adjustment/adjustment-spec.js';
import type { AggregationSpec } from '../aggregation/aggregation-spec.js';
import type { ServerOptimizerSpec } from '../server-optimizer/spec.js';
import type { Augmentation, Normalization } from '../data/batches.js';
import type { Optimizer } from '../trainer/trainer.js';

/** Initial sparse mask of methods that have no candidate pool. */
export interface StaticMaskSpec {
  readonly criterion: string;
  readonly allocation: string;
  /** `global` keeps at least this density in every layer. */
  readonly layerFloor: number;
  /** Times that weights are scored, each time pruning a part of the way; at least 1. */
  readonly passes: number;
}

/** Clients train as much of the mask as their device carries. */
export interface HeterogeneousSpec {
  /** Shares of the mask's active weights that a client may train, descending; the first is 1. */
  readonly shares: readonly number[];
  /** Seconds a client's training of a round may take by its own profile; null for `roundTimeout`. */
  readonly roundSeconds: number | null;
}

/** A job with every option filled in. `examples/` and the JSON schema show the user's form. */
export interface Job {
  readonly name: string;
  readonly seed: number;
  /** Name of a composition in `methods/`. */
  readonly method: string;
  readonly model: ModelSpec | ModelFile;
  readonly data: DataSpec;
  readonly imageShape: readonly [number, number, number];
  readonly normalization: Normalization;
  readonly augmentation: Augmentation | null;
  readonly partition: PartitionSpec;
  readonly numClients: number;
  readonly clientsPerRound: number;
  readonly rounds: number;
  readonly localEpochs: number;
  readonly batchSize: number;
  readonly learningRate: LearningRateSpec;
  readonly optimizer: Optimizer;
  readonly momentMode: ModelMoments;
  readonly proximal: number;
  /** Over maskable weights; 1 trains densely. */
  readonly targetDensity: number;
  readonly pool: PoolSpec;
  readonly pruning: AdjustmentSpec;
  readonly mask: StaticMaskSpec;
  /**
   * Scales the weights of a layer that the first mask keeps to the layer's own root mean square: see
   * `withDenseScale`.
   */
  readonly rescale: boolean;
  readonly pretrain: PretrainSpec;
  readonly aggregation: AggregationSpec;
  readonly serverOptimizer: ServerOptimizerSpec;
  /** Null gives every client the whole mask. */
  readonly heterogeneous: HeterogeneousSpec | null;
  /** Share of the cohort that must answer before a deadline can close a step; at least one client. */
  readonly quorum: number;
  /** Seconds a step may last after which it closes with a quorum, or waits for one. */
  readonly roundTimeout: number;
  /** Seconds to wait for `numClients` before starting with a quorum of them. */
  readonly joinTimeout: number;
  /** Seconds a client that lost its connection is waited for before a step goes on without it. */
  readonly returnTimeout: number;
  /** Share of the cohort without which an adjustment of the mask waits for the next round. */
  readonly adjustmentQuorum: number;
  /** Rounds in a row that a client leaves unanswered before it is given a rest; 0 for never. */
  readonly restAfter: number;
  /** Refused answers in a row after which a client is excluded; 0 for never. */
  readonly refusalLimit: number;
  /** Share of a client's samples held out for evaluation when the coordinator has no test set. */
  readonly evaluationFraction: number;
  readonly maxFrameBytes: number;
}
