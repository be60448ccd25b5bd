import type { Dataset, Job, ModelGraph, ModelState, Trainer } from '@espalier/core';
import type { NestedPool } from '@espalier/core/round';
import type { Log } from '../../platform/log.js';
import type { Journal } from '../journal/journal.js';
import type { RunReport } from '../record/run-report.js';
import type { RunStore } from '../record/run-store.js';

/** The parts of a coordinator that its model is made with. */
export interface RunModelOptions {
  readonly job: Job;
  readonly classes: readonly string[];
  /** The network; it takes the job's image shape and gives a logit per class. */
  readonly graph: ModelGraph;
  /** Model that pretraining begins with; null draws one by the job's seed. */
  readonly initial: ModelState | null;
  /** Candidates for clients to choose among, of that graph, in place of the method's own. */
  readonly candidates?: NestedPool | null;
  /** Pretrains, proves canaries' references and evaluates; used for one thing at a time. */
  readonly trainer: Trainer;
  /** Held out from clients, for pretraining; null for none. */
  readonly serverData: Dataset | null;
  /** Null: clients evaluate on held-out samples of their own. */
  readonly testData: Dataset | null;
  readonly log: Log;
  readonly store: RunStore;
  /** Storage in which the run outlives this process; it must have been opened for this job. */
  readonly journal: Journal;
  readonly onReport?: (report: RunReport) => void;
}
