import type { ModelGraph, Mask, ModelState } from '@espalier/core';
import type { RunSummary } from '@espalier/core/report';

/** A run's end. */
export interface RunResult {
  readonly summary: RunSummary;
  readonly graph: ModelGraph;
  readonly mask: Mask;
  readonly state: ModelState;
}
