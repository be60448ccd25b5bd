import type { RoundMetrics, RunSummary } from '@espalier/core/report';

/**
 * Destination of the files that people look at: a folder, or nothing. Rejections end the run with `storage`.
 */
export interface RunStore {
  /** The model after a round. */
  checkpoint(round: number, bundle: Uint8Array): Promise<void>;
  metrics(line: RoundMetrics): Promise<void>;
  /** The lines written so far, and no others: what came after a snapshot happens again. */
  restoreMetrics(lines: readonly RoundMetrics[]): Promise<void>;
  finish(summary: RunSummary, bundle: Uint8Array): Promise<void>;
}

/** Keeps nothing. */
export const noStore: RunStore = {
  checkpoint: () => Promise.resolve(),
  metrics: () => Promise.resolve(),
  restoreMetrics: () => Promise.resolve(),
  finish: () => Promise.resolve(),
};
