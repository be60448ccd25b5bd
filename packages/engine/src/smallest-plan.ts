import type { Mask, ModelGraph } from '@espalier/core';
import { lowerGraph } from './plan/lower.js';
import { draftProgram } from './plan/program.js';
import { DENSE_FROM, planStore } from './plan/store.js';

/** Settings for laying out a network. */
export interface LayoutOptions {
  readonly recompute: boolean;
  /** Share of kept weights from which on a layer is dense; `DENSE_FROM` unless a bench compares. */
  readonly denseFrom?: number;
}

/** Bytes that training cannot do without: the smallest plan, four samples at a time. */
export function smallestPlan(
  graph: ModelGraph,
  mask: Mask | null,
  { recompute, denseFrom = DENSE_FROM }: LayoutOptions,
): number {
  const model = lowerGraph(graph);
  const store = planStore(model, mask, { base: 0, denseFrom });
  const spec = {
    kind: 'learn',
    lanes: 4,
    lossSamples: 4,
    denseGradients: new Set<string>(),
    recompute,
  } as const;
  return store.end + 4 * store.floats + draftProgram(model, store, spec).arenaBytes;
}
