import type { MaskReference, MaskUpdate, OwnMask } from '../mask/mask-update.js';
import type { MomentTree } from '../params/model-state.js';
import type { Evaluation, MomentMode, TopGradientRequest, TopGradients, TrainOptions } from './trainer.js';

/** An update without its values: small enough to keep one of every client. */
export type UpdateSummary = Omit<ClientUpdate, 'delta'>;

/** A sparse model under way: the mask's name and, in mask order, the values needed to rebuild the state. */
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

/** Hyper-parameters of one round; the stream is keyed by the client from (seed, round, partition index). */
export interface TrainWork extends Omit<TrainOptions, 'stream' | 'normalization' | 'momentMode'> {
  /** Way in which training gathers the update's moments; null if it is to carry none. */
  readonly momentMode: MomentMode | null;
  /** Layers to report the largest inactive gradients of, by the last batch of the last epoch; empty on ordinary rounds. */
  readonly topGradients: readonly TopGradientRequest[];
  /**
   * Share of every layer's active weights, in (0, 1], that the client exchanges halfway: the smallest are
   * dropped, those of largest gradient grown, and training continues under the new mask. Left out if the mask
   * stays.
   */
  readonly readjustment?: number;
}

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
  /** Hash of the mask it received. */
  readonly maskHash: string;
  /**
   * Trained minus received values, canonical order, active values only: of the mask it received, or of its
   * own if it was asked for one, with grown weights starting from 0.
   */
  readonly delta: Float32Array;
  /** Gathered in training (absolute, not a difference); null if none were requested. */
  readonly moments: MomentTree | null;
  readonly samples: number;
  readonly metrics: UpdateMetrics;
  readonly topGradients: readonly TopGradients[];
  /** Evaluation of the received model, if requested. */
  readonly evaluation: Evaluation | null;
  /** Mask that it made of the received one, if requested. */
  readonly ownMask?: OwnMask;
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
