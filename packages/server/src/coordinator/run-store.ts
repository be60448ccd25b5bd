import type { CoordinatorEvent } from '@espalier/core';
import type { RoundMetrics, RunSummary } from './metrics.js';

/** Where a run leaves its traces: a folder, a database, or nothing. Rejections end the run with `storage`. */
export interface RunStore {
  /** Every event the reducer accepts, in order, before its effects. */
  event(event: CoordinatorEvent): void;
  /** The model after a round. */
  checkpoint(round: number, bundle: Uint8Array): Promise<void>;
  metrics(line: RoundMetrics): Promise<void>;
  finish(summary: RunSummary, bundle: Uint8Array): Promise<void>;
}

/** Keeps nothing. */
export const noStore: RunStore = {
  event: () => undefined,
  checkpoint: () => Promise.resolve(),
  metrics: () => Promise.resolve(),
  finish: () => Promise.resolve(),
};
