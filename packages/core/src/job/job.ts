import type { ModelMoments } from '../batchnorm/model-moments.js';
import type { Augmentation, Normalization } from '../data/batches.js';
import type { MomentMode, Optimizer } from '../trainer/trainer.js';

/** Data that lies in files. The same spec and files give the same samples in the same order on every machine. */
export interface FileDataSpec {
  /**
   * `imageFolder`: `<folder>/train/<class>/*` (and `test/`), or `<folder>/<class>/*` without a test set. `cifarBinary`:
   * the binary version of CIFAR-10 or CIFAR-100. `idx`: the four files of the MNIST family, also gzipped. `npy`:
   * `images.npy` with `labels.npy`, in the folder itself or in its `train/` and `test/`.
   */
  readonly kind: 'imageFolder' | 'cifarBinary' | 'idx' | 'npy';
  /** At most this many training images per class, first in the listing's order; null for all. */
  readonly samplesPerClass: number | null;
  /** At most this many test images per class; null for all. */
  readonly testSamplesPerClass: number | null;
  /** Share of every class's images set aside as the test set where the data has none of its own; in [0, 1). */
  readonly testFraction: number;
}

/** Where images come from. The same spec and folder give the same samples in the same order on every machine. */
export type DataSpec =
  | FileDataSpec
  | {
      /** The built-in procedural image set. */
      readonly kind: 'procedural';
      readonly numClasses: number;
      readonly samplesPerClass: number;
      readonly testSamplesPerClass: number;
    };

/** How training samples are split over clients. */
export type PartitionSpec =
  | { readonly kind: 'iid' }
  | {
      readonly kind: 'dirichlet';
      readonly alpha: number;
      /** Draws are repeated until every client has this many samples. */
      readonly minSamples: number;
    }
  | {
      /** Every client has samples of `classesPerClient` classes only (McMahan et al. 2017). */
      readonly kind: 'shards';
      readonly classesPerClient: number;
      readonly minSamples: number;
    }
  | {
      /** All clients see the same classes, in amounts drawn from Dirichlet(alpha) (Li et al. 2022). */
      readonly kind: 'quantitySkew';
      readonly alpha: number;
      readonly minSamples: number;
    }
  | {
      /** The natural split: `<folder>/<client>/<class>/*`, one folder a client. */
      readonly kind: 'byFolder';
    }
  | {
      /** As a file says that `espalier partition` wrote. */
      readonly kind: 'file';
      /** Relative to the data folder, so that it travels with the data. */
      readonly path: string;
    };

/** Which network. `width` scales the channels of those that have the option; null takes the network's default. */
export interface ModelSpec {
  readonly name: string;
  readonly width: number | null;
}

/** A network of the user's own: a Keras/tfjs LayersModel. */
export interface ModelFile {
  /** Path of `model.json`, as the coordinator finds it; clients are sent the graph. */
  readonly file: string;
  /** Begin with the file's weights, or draw them anew. */
  readonly weights: 'keep' | 'fresh';
}

/** The candidate pool of FedTiny's coarse pruning. */
export interface PoolSpec {
  readonly size: number;
  /** What the layer densities are drawn around: uniform as published, ERK, or half of the pool each. */
  readonly allocation: 'uniform' | 'erk' | 'mixed';
  /** Choose by adaptive batch norm, or take the first candidate without asking anybody. */
  readonly selection: 'adaptiveBatchNorm' | 'first';
  readonly momentMode: MomentMode;
  /** Share of a client's training samples used for selection. */
  readonly developmentFraction: number;
}

/** FedTiny's progressive pruning. */
export interface AdjustmentSpec {
  /** Rounds between adjustments (ΔR); 0 never adjusts. */
  readonly interval: number;
  /** Adjustments stop at this round (R_stop). */
  readonly stopRound: number;
  readonly granularity: 'layer' | 'block' | 'entire';
  /** Share of a layer's active weights exchanged at round 0; 0.3 is published. */
  readonly peakFraction: number;
  /** Weigh clients' gradients by sample count, or equally. */
  readonly gradientWeighting: 'samples' | 'equal';
}

/** Training on the coordinator's own held-out set before round 0. */
export interface PretrainSpec {
  readonly epochs: number;
  readonly learningRate: number;
  /** Training images per class held out from all clients. */
  readonly samplesPerClass: number;
}

/** Learning rate over rounds. */
export type LearningRateSpec =
  | { readonly kind: 'constant'; readonly initial: number }
  | { readonly kind: 'cosine'; readonly initial: number; readonly final: number };

/** How the sparse mask begins, for methods that have no candidate pool. */
export interface StaticMaskSpec {
  readonly criterion: string;
  readonly allocation: string;
  /** `global` keeps at least this density in every layer. */
  readonly layerFloor: number;
  /** Times that weights are scored, each time pruning a part of the way; at least 1. */
  readonly passes: number;
}

/** Limits on the length of an update. */
export type ClipSpec =
  | { readonly kind: 'norm'; /** Longest Euclidean norm. */ readonly maximum: number }
  | {
      readonly kind: 'median';
      /** Times the median norm of the round's updates. */
      readonly factor: number;
    };

/** How a round's updates become one. */
export interface AggregationSpec {
  /** Name of an aggregator. */
  readonly kind: string;
  /** Weigh updates by sample count, or equally. */
  readonly weighting: 'samples' | 'equal';
  /** Null leaves updates as long as they are. */
  readonly clip: ClipSpec | null;
  /** What the aggregator declares. */
  readonly options: Readonly<Record<string, number>>;
}

/** What the coordinator does with the one update: see `ServerOptimizer`. */
export interface ServerOptimizerSpec {
  /** Name of a server optimiser. */
  readonly kind: string;
  /** What it declares. */
  readonly options: Readonly<Record<string, number>>;
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
  readonly adjustment: AdjustmentSpec;
  readonly staticMask: StaticMaskSpec;
  /** Scales what the first mask keeps of a layer to the layer's own root mean square: see `withDenseScale`. */
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
  /** Rounds in a row that a client leaves unanswered before it is left alone for a while; 0 for never. */
  readonly restAfter: number;
  /** Refused answers in a row after which a client is excluded; 0 for never. */
  readonly refusalLimit: number;
  /** Share of a client's samples held out for evaluation when the coordinator has no test set. */
  readonly evaluationFraction: number;
  readonly maxFrameBytes: number;
}
