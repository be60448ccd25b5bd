import type { Canary } from '../trainer/canary.js';
import type { NestedPool } from '../candidates/nested-pool.js';
import type { SparseModel, TrainWork, ClientUpdate, Measurement } from '../trainer/client-update.js';
import type { DeviceProfile } from '../budget/device-profile.js';
import type { DataSpec, PartitionSpec } from '../data/data-spec.js';
import type { Normalization } from '../data/batches.js';
import type { ErrorCode, ErrorFacts } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { MomentTree } from '../params/model-state.js';
import type { Evaluation, MomentMode } from '../trainer/trainer.js';

/** Both ends must speak the same version; it changes whenever a message changes its meaning. */
export const PROTOCOL_VERSION = 2;

/** Facts about a job that a client must know before it joins. */
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
      /** Token to show at the next join, to return as the same client. */
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

/** Client → coordinator. */
export type ClientMessage =
  | {
      readonly kind: 'join';
      readonly protocolVersion: number;
      /** HMAC-SHA-256 of the challenge's nonce under the join token (or empty in open mode). */
      readonly answer: Uint8Array;
      readonly returnToken: string | null;
      readonly name: string;
      /** The part of the partition it holds, from 0; null to be assigned one. */
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
      /** The client cannot answer the open step; it remains for the next. Round 0 before training. */
      readonly kind: 'failed';
      readonly round: number;
      readonly code: ErrorCode;
      readonly message: string;
    }
  | { readonly kind: 'leave'; readonly reason: string };
