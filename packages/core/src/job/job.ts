import type { Augmentation, Normalization } from '../data/batches.js';
import type { MomentMode, Optimizer } from '../trainer/trainer.js';

/** Where images come from. The same spec and folder give the same samples in the same order on every machine. */
export type DataSpec =
  | {
      /** `<folder>/train/<class>/*` (and `test/`), or `<folder>/<class>/*` without a test set. */
      readonly kind: 'imageFolder';
      /** At most this many training images per class, first by file name; null for all. */
      readonly samplesPerClass: number | null;
      /** At most this many test images per class; null for all. */
      readonly testSamplesPerClass: number | null;
    }
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
  readonly momentMode: MomentMode;
  readonly proximal: number;
  /** Over maskable weights; 1 trains densely. */
  readonly targetDensity: number;
  readonly pool: PoolSpec;
  readonly adjustment: AdjustmentSpec;
  readonly staticMask: StaticMaskSpec;
  readonly pretrain: PretrainSpec;
  /** Share of the cohort that must answer before a deadline can close a step; at least one client. */
  readonly quorum: number;
  /** Seconds a step may last after which it closes with a quorum, or waits for one. */
  readonly roundTimeout: number;
  /** Seconds to wait for `numClients` before starting with a quorum of them. */
  readonly joinTimeout: number;
  /** Seconds a client that lost its connection is waited for before a step goes on without it. */
  readonly returnTimeout: number;
  /** Share of a client's samples held out for evaluation when the coordinator has no test set. */
  readonly evaluationFraction: number;
  readonly maxFrameBytes: number;
}
