import type { GraphNode } from '../graph/model-graph.js';
import type { ModelState } from '../params/model-state.js';

/** The numbers of one node; those it has. */
export interface LayerNumbers {
  readonly kernel?: Float32Array;
  readonly bias?: Float32Array;
  readonly gamma?: Float32Array;
  readonly beta?: Float32Array;
  readonly mean?: Float32Array;
  readonly variance?: Float32Array;
}

/** A node's numbers out of a state. */
export function numbersOf({ params, moments }: ModelState, { name }: GraphNode): LayerNumbers {
  const numbers: Record<string, Float32Array> = {};
  for (const role of ['kernel', 'bias', 'gamma', 'beta']) {
    const values = params.get(`${name}/${role}`);
    if (values) numbers[role] = values;
  }
  return { ...numbers, ...moments.get(name) };
}
