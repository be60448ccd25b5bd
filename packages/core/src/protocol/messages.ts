import type { DataSpec, PartitionSpec } from '../job/job.js';
import type { Normalization } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { ErrorCode, ErrorFacts } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { LayerMask, Mask } from '../mask/mask.js';
import type { MomentTree } from '../params/model-state.js';
import type {
  Evaluation,
  MomentMode,
  TopGradientRequest,
  TopGradients,
  TrainOptions,
} from '../trainer/trainer.js';

/** Both ends must speak the same version; it changes whenever a message changes its meaning. */
export const PROTOCOL_VERSION = 2;

/** What a client must know of a job before it joins. */
export interface ClientJob {
  readonly name: string;
  readonly seed: number;
  readonly numClients: number;
  readonly classes: readonly string[];
  readonly graph: ModelGraph;
  readonly data: DataSpec;
  readonly partition: PartitionSpec;
  /** Training images per class that belong to the coordinator alone. */
  readonly serverSamplesPerClass: number;
  readonly normalization: Normalization;
  readonly developmentFraction: number;
  readonly evaluationFraction: number;
  readonly maxFrameBytes: number;
}

/** A device as it describes itself. */
export interface DeviceProfile {
  /** Trainer name, e.g. `tfjs-wasm`. */
  readonly backend: string;
  /** Bytes the trainer may use; 0 when unknown. */
  readonly memoryBytes: number;
  /** Measured multiply-accumulates per second; 0 when unknown. */
  readonly macsPerSecond: number;
  /** e.g. `node 20.20 linux x64`. */
  readonly platform: string;
}

/** A small network and batch on which every backend must compute the same gradients. */
export interface Canary {
  readonly graph: ModelGraph;
  /** Every parameter, whole, in canonical order. */
  readonly values: Float32Array;
  readonly batch: Dataset;
  readonly normalization: Normalization;
}

/** Names a mask without carrying it. */
export interface MaskReference {
  readonly version: number;
  readonly hash: string;
}

/** How the receiver gets from the mask it has to the one it needs. */
export type MaskUpdate =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'full'; readonly mask: Mask }
  | {
      readonly kind: 'delta';
      /** Hash of the mask it applies to. */
      readonly parent: string;
      /** Only layers that changed. */
      readonly layers: readonly MaskDeltaLayer[];
    };

/** Flat indices that leave and enter one layer's mask, ascending. */
export interface MaskDeltaLayer {
  readonly name: string;
  readonly dropped: Uint32Array;
  readonly grown: Uint32Array;
}

/** A sparse model under way: the mask's name and, in mask order, what is needed to rebuild the state. */
export interface SparseModel {
  readonly mask: MaskReference;
  readonly maskUpdate: MaskUpdate;
  /**
   * Canonical parameter order; active values of maskable parameters, all values of the others. Null where the receiver
   * has them: they are those of the last model it was sent, to measure, under the same mask.
   */
  readonly values: Float32Array | null;
  /** Null in a model that is sent to be measured. */
  readonly moments: MomentTree | null;
}

/** FedTiny's pool in nested form: every candidate keeps the first `counts[c][l]` weights of layer l by magnitude. */
export interface NestedPool {
  /** The largest candidate's weights per layer: its mask, whole. */
  readonly union: readonly LayerMask[];
  /** Canonical order, active values of `union`, all values of the always-dense parameters. */
  readonly values: Float32Array;
  /** Candidates × layers, in the order of `union`. */
  readonly counts: readonly Uint32Array[];
  readonly moments: MomentTree;
}

/** Coordinator → client. */
export type ServerMessage =
  | {
      readonly kind: 'challenge';
      readonly protocolVersion: number;
      readonly nonce: Uint8Array;
      readonly job: ClientJob;
    }
  | {
      readonly kind: 'welcome';
      readonly clientId: string;
      /** Shown at the next join to come back as the same client. */
      readonly returnToken: string;
      readonly partitionIndex: number;
      readonly canary: Canary;
    }
  | { readonly kind: 'admitted' }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly facts: ErrorFacts;
      /** True when the client cannot take part and should not come back unchanged. */
      readonly fatal: boolean;
    }
  | {
      readonly kind: 'pool';
      readonly pool: NestedPool;
      readonly mode: MomentMode;
      readonly batchSize: number;
    }
  | { readonly kind: 'poolMoments'; readonly candidates: readonly MomentTree[] }
  | {
      readonly kind: 'train';
      readonly round: number;
      readonly model: SparseModel;
      readonly work: TrainWork;
      /** Ask for an evaluation of the received model on the client's held-out samples. */
      readonly evaluate: boolean;
    }
  | {
      /** Asks for the batch-norm moments of the model's weights on the client's own training samples. */
      readonly kind: 'measure';
      /** Rounds that the model has behind it. */
      readonly round: number;
      readonly model: SparseModel;
      readonly batchSize: number;
      /** Samples at most, drawn by the client; null for all of them. */
      readonly samples: number | null;
    }
  | { readonly kind: 'accepted'; readonly round: number }
  | {
      readonly kind: 'finish';
      readonly round: number;
      readonly model: SparseModel;
      readonly evaluate: boolean;
    };

/** Hyper-parameters of one round; the stream is keyed by the client from (seed, round, partition index). */
export interface TrainWork extends Omit<TrainOptions, 'stream' | 'normalization' | 'momentMode'> {
  /** How the update's moments come out of training; null where it is to carry none. */
  readonly momentMode: MomentMode | null;
  /** Layers to report the largest inactive gradients of, by the last batch of the last epoch; empty on ordinary rounds. */
  readonly topGradients: readonly TopGradientRequest[];
  /**
   * Share of every layer's active weights, in (0, 1], that the client exchanges halfway: the smallest go, those of largest
   * gradient come, and it trains on under the mask that it made. Left out where the mask stays.
   */
  readonly readjustment?: number;
}

/** Client → coordinator. */
export type ClientMessage =
  | {
      readonly kind: 'join';
      readonly protocolVersion: number;
      /** HMAC-SHA-256 of the challenge's nonce under the join token (or empty in open mode). */
      readonly answer: Uint8Array;
      readonly returnToken: string | null;
      readonly name: string;
      /** The part of the partition it holds, from 0; null to be given one. */
      readonly part: number | null;
      readonly profile: DeviceProfile;
      /** Training samples. */
      readonly samples: number;
      readonly classes: readonly string[];
      readonly imageShape: readonly [number, number, number];
    }
  | { readonly kind: 'canaryResult'; readonly gradients: Float32Array }
  | {
      readonly kind: 'candidateMoments';
      readonly candidates: readonly MomentTree[];
      readonly samples: number;
    }
  | { readonly kind: 'candidateLosses'; readonly candidates: readonly Evaluation[] }
  | { readonly kind: 'update'; readonly update: ClientUpdate }
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'requestMask'; readonly round: number }
  | { readonly kind: 'evaluation'; readonly round: number; readonly evaluation: Evaluation }
  | {
      /** The client cannot deliver what the open step asks of it; it stays for the next. Round 0 before training. */
      readonly kind: 'failed';
      readonly round: number;
      readonly code: ErrorCode;
      readonly message: string;
    }
  | { readonly kind: 'leave'; readonly reason: string };

/** Batch-norm moments of one model's weights, as one client measured them. */
export interface Measurement {
  /** As it was asked. */
  readonly round: number;
  readonly moments: MomentTree;
  /** Training samples of the client, all of them: how much its moments weigh. */
  readonly samples: number;
  /** Multiply-accumulates executed. */
  readonly macs: number;
  readonly seconds: number;
}

/** One client's work of one round. */
export interface ClientUpdate {
  readonly round: number;
  /** Of the mask it received. */
  readonly maskHash: string;
  /**
   * Trained minus received values, canonical order, active values only: of the mask it received, or of its own where it
   * was asked for one, grown weights counting from 0.
   */
  readonly delta: Float32Array;
  /** Gathered in training (absolute, not a difference); null where none were asked for. */
  readonly moments: MomentTree | null;
  readonly samples: number;
  readonly metrics: UpdateMetrics;
  readonly topGradients: readonly TopGradients[];
  /** Of the received model, when asked for. */
  readonly evaluation: Evaluation | null;
  /** What it made of the received mask, when asked for. */
  readonly ownMask?: OwnMask;
}

/** A mask that a client made of the one it received. */
export interface OwnMask {
  /** Of the result, so that both ends mean the same. */
  readonly hash: string;
  /** Changed layers only, in the graph's order; as many weights come as go. */
  readonly layers: readonly MaskDeltaLayer[];
}

/** Measured on the device. */
export interface UpdateMetrics {
  /** Mean training loss of the last epoch. */
  readonly loss: number;
  readonly steps: number;
  readonly samplesSeen: number;
  readonly seconds: number;
  /** Multiply-accumulates executed in the whole round. */
  readonly macs: number;
  readonly peakBytes: number;
  readonly microBatch: number;
  readonly backend: string;
}
