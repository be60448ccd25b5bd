import type { Phase } from '../protocol/coordinator-state.js';
import type { ByteFigures, RoundMetrics, RunSummary } from './metrics.js';
import type { SelectionFigures } from '../candidates/selection-figures.js';

/** One participant, as the person who runs the job sees it. */
export interface WatchedClient {
  readonly clientId: string;
  readonly name: string;
  /** From 0. */
  readonly partitionIndex: number;
  readonly samples: number;
  /** `present`, `away` (connection lost, waited for) or `gone`. */
  readonly presence: 'present' | 'away' | 'gone';
  /** Its backend computed the test network correctly. */
  readonly admitted: boolean;
  /** The open step has its answer. */
  readonly answered: boolean;
  /** Backend it trains with; null until it has reported one. */
  readonly backend: string | null;
  readonly platform: string | null;
  /** Bytes it may use and multiply-accumulates a second, as it reported; 0 if unknown. */
  readonly memoryBytes: number;
  readonly macsPerSecond: number;
  /** Run seconds of its last message; null before the first. */
  readonly lastSeen: number | null;
  /** Answers accepted so far. */
  readonly contributions: number;
  /** Refusals of its answers, the newest last, at most a few. */
  readonly refusals: readonly { readonly code: string; readonly message: string }[];
}

/** One line of the event log. */
export interface WatchedEvent {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
}

/** Description of a job that is shown above its figures. */
export interface WatchedJob {
  readonly name: string;
  readonly method: string;
  readonly seed: number;
  readonly model: string;
  readonly rounds: number;
  readonly numClients: number;
  readonly targetDensity: number;
  readonly classes: readonly string[];
  /** Maskable layers in canonical order, with their numbers of weights. */
  readonly layers: readonly { readonly name: string; readonly size: number }[];
  readonly parameters: number;
  /**
   * Bytes of the dense model with its batch-norm moments: sent to one client and back in each round of dense
   * FedAvg.
   */
  readonly denseBytes: number;
}

/** A run as data, live or finished, drawn by the dashboard and by a run's report. */
export interface ReportRun {
  readonly kind: 'run';
  readonly job: WatchedJob;
  readonly phase: Phase;
  /** The open round, from 0; `rounds` when all are done. */
  readonly round: number;
  /** No new step is opened until it is resumed. */
  readonly paused: boolean;
  /** The model is there: work can be given out. */
  readonly prepared: boolean;
  /** Seconds the run has lasted. */
  readonly seconds: number;
  readonly metrics: readonly RoundMetrics[];
  /** The same job trained densely; null if there is no such run. */
  readonly control: readonly RoundMetrics[] | null;
  readonly selection: SelectionFigures | null;
  /** Null until the run has ended. */
  readonly summary: RunSummary | null;
  readonly bytes: ByteFigures;
  readonly clients: readonly WatchedClient[];
  readonly events: readonly WatchedEvent[];
}
