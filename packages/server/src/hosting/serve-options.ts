import type { Job, ModelGraph, ModelState, Trainer, Dataset } from '@espalier/core';
import type { NestedPool } from '@espalier/core/round';
import type { ConnectionLimits } from '../sockets/limits.js';
import type { Scheduler } from '../platform/scheduler.js';
import type { RunReport } from '../coordinator/record/run-report.js';

/** A job and what it is served with. */
export interface ServeOptions {
  readonly job: Job;
  readonly classes: readonly string[];
  readonly graph: ModelGraph;
  /** Weights to begin with; null draws them. */
  readonly initial: ModelState | null;
  /** Candidates for clients to choose among, of that graph, in place of the method's own. */
  readonly candidates?: NestedPool | null;
  /** For pretraining, canary references and evaluation; best in a worker. */
  readonly trainer: Trainer;
  readonly serverData: Dataset | null;
  readonly testData: Dataset | null;
  /** Loopback unless told otherwise. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Folder in which the run folder is made. */
  readonly runs: string;
  /** A run folder whose run is taken up again, in place of a new one; null for a new one. */
  readonly resume: string | null;
  /** Run folder of the same job trained densely, drawn beside it; none unless given. */
  readonly control?: string | null;
  /** Updates stay in the state folder after their round has closed. */
  readonly keepUpdates: boolean;
  /** Lets clients in without a token. */
  readonly open: boolean;
  /** Certificate and key in PEM form; null speaks plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Folder of the pages that a browser is shown, which client-web builds; without it there are none. */
  readonly web?: string | null;
  /** Limits of one address and of one connection; a missing one has its default. */
  readonly limits?: Partial<ConnectionLimits>;
  readonly clock: () => number;
  readonly schedule: Scheduler;
  readonly onReport: (report: RunReport) => void;
}
