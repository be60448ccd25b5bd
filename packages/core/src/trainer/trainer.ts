import type { Augmentation, Batch, Normalization } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { ModelGraph, OpKind } from '../graph/model-graph.js';
import type { Mask } from '../mask/mask.js';
import type { ModelState, MomentTree, ParamTree } from '../params/model-state.js';
import type { StreamKey } from '../random/stream.js';

/** Gradient descent; weight decay is added to the gradient (L2), for kernels, biases and norms alike. */
export type Optimizer =
  | { readonly kind: 'sgd'; readonly momentum: number; readonly weightDecay: number }
  | {
      readonly kind: 'adam';
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

/**
 * Way to obtain batch-norm statistics from training: pooled over the last epoch, or an exponential moving
 * average.
 */
export type MomentMode =
  | { readonly kind: 'pooled' }
  | {
      readonly kind: 'ema';
      /** The *kept* fraction per batch (PyTorch's momentum 0.1 is 0.9 here). */
      readonly momentum: number;
      /** Passes over the data, for {@link Trainer.batchNormMoments} only; FedTiny's code does 10. */
      readonly passes: number;
    };

/** Settings of a training run besides the data. */
export interface TrainOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly optimizer: Optimizer;
  readonly normalization: Normalization;
  readonly augmentation: Augmentation | null;
  readonly momentMode: MomentMode;
  /** μ of FedProx's (μ/2)·‖w − w_received‖² added to the loss; 0 switches it off. */
  readonly proximal: number;
  /** Keys shuffling and augmentation; epochs take purposes of their own under it. */
  readonly stream: StreamKey;
  /**
   * Layers whose largest inactive gradients the last batch of the last epoch is to report; empty for none.
   */
  readonly topGradients: readonly TopGradientRequest[];
  /** Left out for plain training. */
  readonly extrusion?: Extrusion;
}

/**
 * FedMef's budget-aware extrusion (Huang et al., CVPR 2024): weights about to be pruned are pressed into
 * those that stay. Adds λ·‖w_low‖₂ of every layer to the loss, w_low being the given share of its active
 * weights, those of smallest |w| when training begins, and steps with η_b = min(maximum, max(η, peak · REX_b
 * · (2σ(‖w_low‖₁) − 1))), REX_b = (2B − 2b) ÷ (2B − b) at step b of B from 0, the 1-norm over all layers;
 * never below the run's own η.
 */
export interface Extrusion {
  /** λ, at least 0. */
  readonly penalty: number;
  /**
   * ψ·η₀: the learning rate of the first step where the weights are large; 0 leaves the learning rate alone.
   */
  readonly peakLearningRate: number;
  /** Above which no step goes. */
  readonly maximumLearningRate: number;
  /**
   * Share of those layers' active weights that counts as low, to the nearest whole number of weights; in [0,
   * 1].
   */
  readonly share: number;
  /** Parameter names. */
  readonly layers: readonly string[];
}

/** Asks for the `count` inactive weights of a layer with the largest |gradient|. */
export interface TopGradientRequest {
  /** Parameter name. */
  readonly layer: string;
  readonly count: number;
}

/** Inactive weights with the largest |gradient| of one layer; fewer than asked where fewer are inactive. */
export interface TopGradients {
  readonly layer: string;
  /** Flat indices, ascending; all inactive in the loaded mask. */
  readonly indices: Uint32Array;
  /** Signed gradients of the mean loss, aligned with `indices`. */
  readonly values: Float32Array;
}

/** Result of training. The state is new; inactive weights are exactly 0. */
export interface TrainResult {
  readonly state: ModelState;
  /** Mean loss per epoch. */
  readonly losses: readonly number[];
  /** Optimiser steps taken. */
  readonly steps: number;
  /** Samples seen, over all epochs. */
  readonly samplesSeen: number;
  /** Samples per forward/backward pass; below `batchSize` where memory made it accumulate. */
  readonly microBatch: number;
  readonly topGradients: readonly TopGradients[];
}

/** Sums over a data set, ready to be added up over clients. */
export interface Evaluation {
  readonly lossSum: number;
  readonly correct: number;
  readonly samples: number;
}

/** Cost of a trainer, in bytes and operations. */
export interface Footprint {
  /**
   * Highest number of bytes the trainer has held for the loaded model so far, or has planned, if it plans.
   */
  readonly peakBytes: number;
  /** Multiply-accumulates of one sample's forward pass as executed (dense for a masked-dense trainer). */
  readonly forwardMacsPerSample: number;
  /** The same for forward and backward together. */
  readonly trainMacsPerSample: number;
}

/** Control over a running call: its progress and its end. */
export interface TrainControl {
  /** Aborting makes the call reject with `aborted`; the loaded state stays as it was. */
  readonly signal?: AbortSignalLike;
  readonly onProgress?: (progress: TrainProgress) => void;
}

/** The part of the platform's AbortSignal that trainers use. */
export interface AbortSignalLike {
  readonly aborted: boolean;
}

/** Sent at least once an epoch. */
export interface TrainProgress {
  /** From 0. */
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  readonly loss: number;
}

/** Properties of a trainer that do not depend on the loaded model. */
export interface TrainerKind {
  /** For logs and metrics, e.g. `tfjs-wasm`. */
  readonly name: string;
  /** Ops it can train; a graph with others must go to another trainer. */
  readonly ops: ReadonlySet<OpKind>;
  /**
   * Share of kept weights from which on a layer is computed with all of them, as `trainMacs` takes it: 0 for
   * a masked-dense trainer, which has no other way.
   */
  readonly denseFrom: number;
}

/**
 * Trains and measures one loaded network. All calls are asynchronous and run one at a time. Every
 * implementation passes `trainerContract` of `@espalier/core/testing`. Inputs are never changed.
 */
export interface Trainer extends TrainerKind {
  /**
   * Takes the network in. A null mask means dense.
   * @throws EspalierError `op_unsupported`, `invalid_graph`, `invalid_mask`, `invalid_params`,
   * `memory_budget`.
   */
  load(graph: ModelGraph, state: ModelState, mask: Mask | null): Promise<void>;
  /**
   * Trains the loaded network from its loaded state; a fresh optimiser each call. The loaded state becomes
   * the result.
   * @throws EspalierError `training_diverged` naming the step when the loss is not finite; `aborted`.
   */
  train(dataset: Dataset, options: TrainOptions, control?: TrainControl): Promise<TrainResult>;
  /**
   * Mean loss over the batch (training-mode batch norm) and its gradient for every parameter, inactive
   * weights too.
   */
  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: ParamTree }>;
  /** Largest gradients of inactive weights on one batch, one dense layer gradient in memory at a time. */
  topGradients(batch: Batch, requests: readonly TopGradientRequest[]): Promise<readonly TopGradients[]>;
  /**
   * Batch-norm statistics of the data under the loaded, frozen weights, each batch normalised by its own
   * statistics. `pooled` is one pass and exact over all positions; `ema` starts from the loaded moments.
   */
  batchNormMoments(dataset: Dataset, options: MomentOptions): Promise<MomentTree>;
  /** Summed loss and correct count in inference mode (loaded moments). */
  evaluate(dataset: Dataset, options: EvaluateOptions): Promise<Evaluation>;
  /** Logits `[size, classes]` in inference mode. */
  predict(batch: Batch): Promise<Float32Array>;
  /** Costs of the loaded network; `invalid_argument` before the first load. */
  footprint(): Footprint;
  /** Frees everything; the trainer cannot be used afterwards. */
  dispose(): Promise<void>;
}

/** Reading of the data for statistics. */
export interface EvaluateOptions {
  readonly batchSize: number;
  readonly normalization: Normalization;
}

/** Options of {@link Trainer.batchNormMoments}. */
export interface MomentOptions extends EvaluateOptions {
  readonly mode: MomentMode;
}
