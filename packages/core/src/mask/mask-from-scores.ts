import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import { layerValues } from './layer-values.js';
import { Mask, type MaskLineage } from './mask.js';
import { topK } from './top-k.js';

/**
 * The mask that keeps, in every layer, its count of highest scores.
 * @param counts weights kept per maskable parameter name
 * @throws EspalierError `invalid_params` when scores are missing or not one per weight, `invalid_argument` when a
 * count is missing or above the layer's size, `not_finite` on a NaN.
 */
export function maskFromScores(
  graph: ModelGraph,
  scores: ReadonlyMap<string, Float32Array>,
  counts: ReadonlyMap<string, number>,
  lineage?: MaskLineage,
): Mask {
  const layers = maskableSpecs(graph).map((spec) => {
    const { name, size } = spec;
    const count = counts.get(name);
    if (count === undefined) {
      throw new EspalierError('invalid_argument', `no kept count is given for ${name}`, { name });
    }
    return { name, size, active: topK(layerValues(spec, scores), count) };
  });
  return new Mask(layers, lineage);
}
