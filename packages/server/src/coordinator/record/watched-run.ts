import { maskableSpecs, momentCount, parameterSpecs, type Job, type ModelGraph } from '@espalier/core';
import type { CoordinatorState, Seat } from '@espalier/core/protocol';
import type { ReportRun, WatchedClient, WatchedJob } from '@espalier/core/report';
import type { ClientHistory } from './client-history.js';
import type { StoredRecord } from './run-record.js';

/** Bytes of a value on the wire. */
const VALUE_BYTES = 4;

/** Returns the facts of a job that are shown above its figures. */
export function watchedJob(job: Job, graph: ModelGraph, classes: readonly string[]): WatchedJob {
  const { name, method, seed, rounds, numClients, targetDensity } = job;
  const parameters = parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0);
  return {
    ...{ name, method, seed, rounds, numClients, targetDensity, classes, parameters },
    model: graph.name,
    layers: maskableSpecs(graph).map((spec) => ({ name: spec.name, size: spec.size })),
    denseBytes: VALUE_BYTES * (parameters + momentCount(graph)),
  };
}

/** Sources of a live run's figures. */
export interface WatchSources {
  readonly job: WatchedJob;
  readonly state: CoordinatorState;
  readonly record: StoredRecord;
  readonly history: ClientHistory;
  /** Run seconds now, and at a time of the coordinator's clock. */
  readonly seconds: number;
  readonly secondsAt: (clock: number) => number;
}

/** A live run without what the coordinator does not know: its log, a control, and its end. */
export function watchedRun(sources: WatchSources): Omit<ReportRun, 'events' | 'control' | 'summary'> {
  const { job, state, record, seconds } = sources;
  const { phase, round, paused, prepared } = state;
  return {
    ...{ kind: 'run', job, phase, round, paused, prepared, seconds },
    metrics: record.lines,
    selection: record.selection,
    bytes: record.totals,
    clients: [...state.seats.values()]
      .sort((a, b) => a.partitionIndex - b.partitionIndex)
      .map((seat) => watchedClient(seat, sources)),
  };
}

function watchedClient(seat: Seat, { state, history, secondsAt }: WatchSources): WatchedClient {
  const { clientId, name, partitionIndex, samples, presence, admitted } = seat;
  const { profile, lastSeen, contributions, refusals } = history.of(clientId);
  return {
    ...{ clientId, name, partitionIndex, samples, presence, admitted, contributions, refusals },
    answered: state.step.answers.has(clientId),
    backend: profile?.backend ?? null,
    platform: profile?.platform ?? null,
    memoryBytes: profile?.memoryBytes ?? 0,
    macsPerSecond: profile?.macsPerSecond ?? 0,
    lastSeen: lastSeen === null ? null : secondsAt(lastSeen),
  };
}
