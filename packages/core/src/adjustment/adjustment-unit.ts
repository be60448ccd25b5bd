import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { AdjustmentSpec } from './adjustment-spec.js';

/** Part of the network that one adjustment covers. */
export type AdjustmentGranularity = AdjustmentSpec['granularity'];

/**
 * The parameter names whose turn it is, in forward order. Turns go backward, from the output to the input, one unit
 * per adjustment, and start over at the output; the adjustment's own counter decides, not the round.
 * @param adjustment adjustments made before this one, from 0
 */
export function adjustmentUnit(
  graph: ModelGraph,
  granularity: AdjustmentGranularity,
  adjustment: number,
): readonly string[] {
  if (!Number.isSafeInteger(adjustment) || adjustment < 0) {
    throw new EspalierError(
      'invalid_argument',
      `adjustment ${adjustment} is not a whole number of at least 0`,
    );
  }
  const units = adjustmentUnits(graph, granularity);
  return units[units.length - 1 - (adjustment % units.length)] ?? [];
}

/**
 * All units in forward order: every maskable layer for `layer`, the graph's blocks for `block`, one for `entire`.
 * Blocks without a maskable layer are skipped; a maskable layer in no block is a block of its own.
 */
export function adjustmentUnits(
  graph: ModelGraph,
  granularity: AdjustmentGranularity,
): readonly (readonly string[])[] {
  const layers = maskableSpecs(graph);
  if (granularity === 'entire') return layers.length === 0 ? [] : [layers.map(({ name }) => name)];
  const units = new Map<string | number, string[]>();
  for (const { name, node } of layers) {
    const block = granularity === 'block' ? graph.blocks.findIndex(({ nodes }) => nodes.includes(node)) : -1;
    const key = block < 0 ? name : block;
    units.set(key, [...(units.get(key) ?? []), name]);
  }
  return [...units.values()];
}
