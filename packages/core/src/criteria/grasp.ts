import { EspalierError } from '../errors.js';
import { layerValues } from '../mask/layer-values.js';
import { scoreLayers, type Criterion } from './criterion.js';

/**
 * w·(Hg), the negative of GraSP's score −w·Hg (Wang, Zhang & Grosse, "Picking Winning Tickets Before Training
 * by Preserving Gradient Flow", ICLR 2020, Eq. 8), which removes the highest: the remaining weights preserve
 * the gradient's norm.
 */
export const graspCriterion: Criterion = {
  id: 'grasp',
  needs: ['hessianGradients'],
  score(graph, params, { hessianGradients }) {
    if (hessianGradients === undefined) {
      throw new EspalierError('invalid_argument', 'criterion grasp needs hessianGradients; none were given');
    }
    return scoreLayers(graph, params, (spec, values) => {
      const products = layerValues(spec, hessianGradients);
      return values.map((value, i) => value * products[i]!);
    });
  },
};
