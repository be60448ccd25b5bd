import { EspalierError } from '../errors.js';
import { layerValues } from '../mask/layer-values.js';
import { scoreLayers, type Criterion } from './criterion.js';

/**
 * |g·w|, the connection sensitivity (SNIP: Lee, Ajanthan & Torr, "Single-Shot Network Pruning Based on Connection
 * Sensitivity", ICLR 2019, Eq. 6); the paper's normalisation over the network changes no ranking.
 */
export const snipCriterion: Criterion = {
  id: 'snip',
  needs: ['gradients'],
  score(graph, params, { gradients }) {
    if (gradients === undefined) {
      throw new EspalierError('invalid_argument', 'criterion snip needs gradients; none were given');
    }
    return scoreLayers(graph, params, (spec, values) => {
      const slopes = layerValues(spec, gradients);
      return values.map((value, i) => Math.abs(value * slopes[i]!));
    });
  },
};
