import type { Dataset, Job, ModelGraph } from '@espalier/core';
import type { HashMaker } from '@espalier/proto';
import type { Log } from '../../platform/log.js';
import type { Scheduler } from '../../platform/scheduler.js';
import type { Admission } from '../../security/admission.js';

/** The parts of a coordinator that its connections are made with. */
export interface ConnectionOptions {
  readonly job: Job;
  readonly classes: readonly string[];
  /** The network; it takes the job's image shape and gives a logit per class. */
  readonly graph: ModelGraph;
  /** Null: clients evaluate on held-out samples of their own. */
  readonly testData: Dataset | null;
  /** Training images per class that clients must leave to the coordinator. */
  readonly serverSamplesPerClass: number;
  /** Seconds that a connection may take to get a seat; for ever unless given. */
  readonly handshakeSeconds?: number;
  /** Null lets everybody in. */
  readonly admission: Admission | null;
  /** Unguessable bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** SHA-256 of frames; the portable one unless given. */
  readonly hash?: HashMaker;
  readonly schedule: Scheduler;
  /** Seconds, from any origin. */
  readonly clock: () => number;
  readonly log: Log;
}
