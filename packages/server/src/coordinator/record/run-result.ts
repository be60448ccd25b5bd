import type { RunSummary, ModelGraph, Mask, ModelState } from '@espalier/core';

/** A run's end. */
export interface RunResult {
  readonly summary: RunSummary;
  readonly graph: ModelGraph;
  readonly mask: Mask;
  readonly state: ModelState;
}
