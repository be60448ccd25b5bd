import { scoreLayers, type Criterion } from './criterion.js';

/** |w| (Han et al., "Learning both Weights and Connections for Efficient Neural Networks", NeurIPS 2015). */
export const magnitudeCriterion: Criterion = {
  id: 'magnitude',
  needs: [],
  score: (graph, params) => scoreLayers(graph, params, (_, values) => values.map(Math.abs)),
};
