import { EspalierError } from '../errors.js';
import { randomStream } from '../random/stream.js';
import { scoreLayers, type Criterion } from './criterion.js';

/** Uniform in [0, 1), whatever the weights: the control for every other criterion. Each layer has its own stream. */
export const randomCriterion: Criterion = {
  id: 'random',
  needs: ['rng'],
  score(graph, params, { rng }) {
    if (rng === undefined) {
      throw new EspalierError('invalid_argument', 'criterion random needs rng, a stream key; none was given');
    }
    return scoreLayers(graph, params, ({ name }, values) => {
      const stream = randomStream({ ...rng, purpose: `${rng.purpose}/${name}` });
      return values.map(() => stream.uniform());
    });
  },
};
