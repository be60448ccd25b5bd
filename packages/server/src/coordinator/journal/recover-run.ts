import {
  coordinatorConfig,
  measuresMoments,
  readState,
  replayJournal,
  replayStart,
  type CoordinatorConfig,
  type ReplayedState,
  type ByteFigures,
} from '@espalier/core';
import { wireContext } from '@espalier/proto';
import type { Recovery, Snapshot } from './journal.js';
import type { CoordinatorOptions } from '../options.js';
import { loadWorkshop, type WorkshopState } from '../model/workshop-state.js';

/** A run as a killed coordinator left it, ready to be taken up again. */
export interface RecoveredRun {
  readonly replayed: ReplayedState;
  /** Null when it had not prepared its model yet. */
  readonly workshop: WorkshopState | null;
  /** Entries in the journal. */
  readonly sequence: number;
  /** What had crossed connections; null where no coordinator said. */
  readonly totals: ByteFigures | null;
}

/** The reducer's view of what a coordinator is made of. */
export function configOf({
  job,
  graph,
  testData,
}: Pick<CoordinatorOptions, 'job' | 'graph' | 'testData'>): CoordinatorConfig {
  return coordinatorConfig(job, {
    evaluatesOnClients: testData === null,
    measures: measuresMoments(job.momentMode, graph),
  });
}

/**
 * Reads what the journal holds: the snapshot, and the entries since folded over it. Null when it holds nothing.
 * @throws EspalierError `storage` for a damaged state, naming what is.
 */
export async function recoverRun(options: CoordinatorOptions): Promise<RecoveredRun | null> {
  const { journal, graph } = options;
  const recovery = journal.recover();
  if (recovery === null) return null;
  const { snapshot, sequence } = recovery;
  return {
    replayed: replayed(configOf(options), recovery),
    workshop:
      snapshot && (await loadWorkshop(snapshot.workshop, { graph, journal, context: wireContext(graph) })),
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
