import type { Dataset } from '@espalier/core';
import type { ClientIdentity, ClientOutcome, ClientTask } from '@espalier/core/protocol';
import type { DeviceProfile } from '@espalier/core/report';
import type { TrainerChoice } from './backends.js';
import type { LayerPicture } from './mask-picture.js';

/** Page → session worker. */
export type SessionCommand =
  { readonly kind: 'start'; readonly plan: SessionPlan } | { readonly kind: 'leave' };

/** Settings with which a tab takes part. */
export interface SessionPlan {
  /** The coordinator's origin. */
  readonly url: string;
  readonly token: string | null;
  readonly name: string;
  /** Part of the partition, or null for data of its own. */
  readonly part: number | null;
  readonly identity: ClientIdentity | null;
  readonly profile: Omit<DeviceProfile, 'backend'>;
  /** Everything it has; what the job wants held out is taken from it. */
  readonly data: Dataset;
  readonly trainer: TrainerChoice;
}

/** Current state of a session, for the page's live figures. */
export interface SessionFigures {
  readonly connection: 'connecting' | 'connected' | 'lost';
  readonly admitted: boolean;
  readonly task: ClientTask['kind'] | null;
  /** From 0; null before the first. */
  readonly round: number | null;
  /** From 0, with the batches done of it. */
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  readonly loss: number | null;
  readonly imagesPerSecond: number | null;
  /** Updates sent so far. */
  readonly updates: number;
  /** Over all connections of this session. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Planned by the trainer, at its highest. */
  readonly memoryBytes: number;
  readonly backend: string | null;
  readonly samples: number;
  readonly partitionIndex: number | null;
  /** Description of the last problem, if there was one. */
  readonly note: string | null;
}

/** Hashes of the final model as this tab has it. */
export interface FinalHashes {
  readonly mask: string;
  readonly model: string;
}

/** Session worker → page. */
export type SessionReport =
  | { readonly kind: 'figures'; readonly figures: SessionFigures }
  | { readonly kind: 'identity'; readonly identity: ClientIdentity }
  | { readonly kind: 'mask'; readonly hash: string; readonly layers: readonly LayerPicture[] }
  /** The trainer is gone: what it was doing is lost, and the session must begin anew. */
  | { readonly kind: 'trainerLost'; readonly reason: string }
  | {
      readonly kind: 'ended';
      readonly outcome: ClientOutcome;
      /** Null where the run ended without a model for this client. */
      readonly final: { readonly hashes: FinalHashes; readonly bundle: Uint8Array } | null;
    };
