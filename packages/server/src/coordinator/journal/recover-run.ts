import { type Dataset, type Job, type ModelGraph, measuresMoments } from '@espalier/core';
import {
  coordinatorConfig,
  readState,
  replayJournal,
  replayStart,
  type CoordinatorConfig,
  type ReplayedState,
} from '@espalier/core/protocol';
import type { ByteFigures } from '@espalier/core/report';
import type { Journal, Recovery, Snapshot } from './journal.js';

/** A run as a killed coordinator left it, ready to be taken up again. */
export interface RecoveredRun {
  readonly replayed: ReplayedState;
  /** The model's part of the snapshot; null when it had not prepared its model yet. */
  readonly model: string | null;
  /** Entries in the journal. */
  readonly sequence: number;
  /** Bytes transferred; null when no coordinator recorded them. */
  readonly totals: ByteFigures | null;
}

/** The parts of a coordinator that its decisions depend on. */
export interface DecidingParts {
  readonly job: Job;
  readonly graph: ModelGraph;
  /** Null: clients evaluate. */
  readonly testData: Dataset | null;
}

/** The reducer's view of what a coordinator is made of. */
export function configOf({ job, graph, testData }: DecidingParts): CoordinatorConfig {
  return coordinatorConfig(job, {
    evaluatesOnClients: testData === null,
    measures: measuresMoments(job.momentMode, graph),
  });
}

/**
 * Reads what the journal holds: the snapshot, and the entries since folded over it. Null when it holds nothing.
 * @throws EspalierError `storage` for a damaged state, naming what is.
 */
export function recoverRun(options: DecidingParts & { readonly journal: Journal }): RecoveredRun | null {
  const recovery = options.journal.recover();
  if (recovery === null) return null;
  const { snapshot, sequence } = recovery;
  return {
    replayed: replayed(configOf(options), recovery),
    model: snapshot && snapshot.workshop,
    sequence,
    totals: recovery.totals ?? null,
  };
}

function replayed(config: CoordinatorConfig, { snapshot, entries }: Recovery): ReplayedState {
  return replayJournal(config, snapshot ? stateOf(snapshot) : replayStart(config), entries);
}

function stateOf({ state, deadline, at }: Snapshot): ReplayedState {
  return { state: readState(state), deadline, at };
}
