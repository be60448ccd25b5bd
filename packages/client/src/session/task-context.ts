import type { Dataset, Mask, ParamTree, Trainer, MomentTree } from '@espalier/core';
import type { ClientJob } from '@espalier/core/protocol';
import type { NestedPool } from '@espalier/core/round';

/** A client's samples; they never leave the device. */
export interface ClientData {
  readonly train: Dataset;
  /** Held out from training; null where nothing is held out. */
  readonly evaluation: Dataset | null;
}

/** Tools of tasks, and the state that one task leaves to the next. */
export interface TaskContext {
  readonly job: ClientJob;
  readonly data: ClientData;
  readonly trainer: Trainer;
  readonly partitionIndex: number;
  /** Seconds, from any origin. */
  readonly clock: () => number;
  readonly memory: TaskMemory;
}

/** State that a client keeps between tasks, across connections. */
export interface TaskMemory {
  /** The mask of the last model received. */
  mask: Mask | null;
  /** The model that it was sent to measure last, until it is sent another: that one may come without its values. */
  measured: MeasuredModel | null;
  pool: { readonly pool: NestedPool; readonly batchSize: number } | null;
  /** The final model, once it has come. */
  final: ReceivedModel | null;
}

/** Part of a model that is kept between measuring and training it. */
export interface MeasuredModel {
  readonly maskHash: string;
  /** In mask order, as received. */
  readonly values: Float32Array;
}

/** A model as it came, its mask followed and checked. */
export interface ReceivedModel {
  readonly mask: Mask;
  readonly params: ParamTree;
  readonly moments: MomentTree;
  /** In mask order, as received. */
  readonly values: Float32Array;
}

/** Batch size where nothing is trained; it does not change results beyond rounding. */
export const EVALUATION_BATCH = 64;
