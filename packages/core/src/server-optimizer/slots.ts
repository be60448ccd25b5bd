import type { ModelGraph } from '../graph/model-graph.js';
import type { Mask } from '../mask/mask.js';
import { packActive, packedLength, unpackActive } from '../params/pack.js';
import type { OptimizerSlots, ServerOptimizer } from './server-optimizer.js';

/** Memory of an optimiser before its first round. */
export function emptySlots({ slots }: ServerOptimizer, graph: ModelGraph, mask: Mask): OptimizerSlots {
  const length = packedLength(graph, mask);
  return Object.fromEntries(slots.map((name) => [name, new Float32Array(length)]));
}

/** The same memory after the mask has changed: dropped weights are forgotten, grown ones start at 0. */
export function moveSlots(
  graph: ModelGraph,
  slots: OptimizerSlots,
  { before, after }: { readonly before: Mask; readonly after: Mask },
): OptimizerSlots {
  return Object.fromEntries(
    Object.entries(slots).map(([name, values]) => [
      name,
      packActive(graph, after, unpackActive(graph, before, values)),
    ]),
  );
}
