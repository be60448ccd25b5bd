import { globalAllocation } from '../allocation/global.js';
import type { KeptCounts } from '../allocation/allocation.js';
import { layerOf, layerValues } from '../mask/layer-values.js';
import type { ParamTree } from '../params/model-state.js';
import type { AdjustmentContext } from './mask-rule.js';

/** Weights that every layer keeps when the largest |w| of the whole network stay; inactive weights count as 0. */
export function globalCounts(
  { graph, mask }: AdjustmentContext,
  params: ParamTree,
  density: number,
): KeptCounts {
  const scores = new Map(
    mask.layers.map(({ name, size, active }) => {
      const values = layerValues(layerOf(mask, name), params);
      const magnitudes = new Float32Array(size);
      for (const index of active) magnitudes[index] = Math.abs(values[index]!);
      return [name, magnitudes];
    }),
  );
  const counts = globalAllocation.counts(graph, density, { scores, layerFloor: 0 });
  return new Map(
    mask.layers.map(({ name, active }) => [name, Math.min(active.length, counts.get(name) ?? 1)]),
  );
}
