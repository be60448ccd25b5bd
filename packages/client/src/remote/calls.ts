import {
  EspalierError,
  Mask,
  toEspalierError,
  type Batch,
  type Dataset,
  type ErrorCode,
  type ErrorFacts,
  type EvaluateOptions,
  type Evaluation,
  type Footprint,
  type LayerMask,
  type ModelGraph,
  type ModelState,
  type MomentOptions,
  type MomentTree,
  type ParamTree,
  type TopGradientRequest,
  type TopGradients,
  type TrainOptions,
  type TrainerKind,
  type TrainProgress,
  type TrainResult,
} from '@espalier/core';

/** A call of the Trainer interface as it crosses to the training thread: plain data only. */
export type Call =
  | {
      readonly name: 'load';
      readonly graph: ModelGraph;
      readonly state: ModelState;
      readonly mask: PlainMask | null;
    }
  | {
      readonly name: 'train';
      readonly dataset: Dataset;
      readonly options: TrainOptions;
      /**
       * One shared integer that becomes 1 when the call is to end, seen at once; null where memory cannot be shared: an
       * `abort` message is seen when the trainer lets its thread breathe.
       */
      readonly abort: Int32Array | null;
      /** Somebody listens to its progress. */
      readonly progress: boolean;
    }
  | { readonly name: 'gradients'; readonly batch: Batch }
  | { readonly name: 'topGradients'; readonly batch: Batch; readonly requests: readonly TopGradientRequest[] }
  | { readonly name: 'batchNormMoments'; readonly dataset: Dataset; readonly options: MomentOptions }
  | { readonly name: 'evaluate'; readonly dataset: Dataset; readonly options: EvaluateOptions }
  | { readonly name: 'predict'; readonly batch: Batch };

/** Result of each call, by its name. */
export interface CallResults {
  readonly load: undefined;
  readonly train: TrainResult;
  readonly gradients: { readonly loss: number; readonly gradients: ParamTree };
  readonly topGradients: readonly TopGradients[];
  readonly batchNormMoments: MomentTree;
  readonly evaluate: Evaluation;
  readonly predict: Float32Array;
}

/** Main thread → training thread. */
export type CallMessage =
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  /** Ends the training of that id. */
  | { readonly kind: 'abort'; readonly id: number };

/** Training thread → main thread. Every answer brings the footprint along, which callers read without waiting. */
export type ThreadMessage =
  | { readonly kind: 'ready'; readonly trainer: TrainerKind }
  | { readonly kind: 'refused'; readonly error: PlainError }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: TrainProgress }
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly value: unknown;
      readonly footprint: Footprint | null;
    }
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly error: PlainError;
      readonly footprint: Footprint | null;
    };

/** A mask without its class, which structured cloning drops. */
export interface PlainMask {
  readonly layers: readonly LayerMask[];
  readonly version: number;
  readonly parent: string | null;
}

/** The mask as plain data. */
export function plainMask({ layers, version, parent }: Mask): PlainMask {
  return { layers, version, parent };
}

/** The mask again, checked anew. */
export function maskOf({ layers, version, parent }: PlainMask): Mask {
  return new Mask(layers, { version, parent });
}

/** An error as a code and facts. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly facts: ErrorFacts;
}

/** Any thrown value as plain data. */
export function plainError(thrown: unknown): PlainError {
  const { code, rawMessage, facts } = toEspalierError(thrown);
  return { code, message: rawMessage, facts };
}

/** The error again. */
export function errorOf({ code, message, facts }: PlainError): EspalierError {
  return new EspalierError(code, message, facts);
}
