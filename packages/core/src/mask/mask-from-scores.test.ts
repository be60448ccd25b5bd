import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { maskFromScores } from './mask-from-scores.js';

describe('maskFromScores', () => {
  const graph = buildModel({ name: 'mlp', width: 2 }, [1, 1, 2], 2);
  const scores = new Map([
    ['fc1/kernel', Float32Array.of(1, 4, 4, 2)],
    ['fc2/kernel', Float32Array.of(0, -1, 0, 7)],
  ]);
  const counts = new Map([
    ['fc1/kernel', 1],
    ['fc2/kernel', 3],
  ]);

  it('keeps the highest scores of every layer, of equals the first', () => {
    const mask = maskFromScores(graph, scores, counts, { version: 4, parent: 'abc' });

    expect(mask.layers.map(({ active }) => [...active])).toEqual([[1], [0, 2, 3]]);
    expect(mask).toMatchObject({ version: 4, parent: 'abc' });
    expect(() => {
      mask.checkFits(graph);
    }).not.toThrow();
  });

  it.each([
    ['a count is missing', scores, new Map([['fc1/kernel', 1]]), '[invalid_argument] no kept count'],
    [
      'a count is too large',
      scores,
      new Map(counts).set('fc1/kernel', 5),
      '[invalid_argument] cannot take 5 of 4',
    ],
    ['scores are missing', new Map(), counts, '[invalid_params] fc1/kernel has no values'],
    [
      'a score is NaN',
      new Map(scores).set('fc1/kernel', Float32Array.of(0, 0, NaN, 0)),
      counts,
      '[not_finite]',
    ],
  ])('refuses when %s', (_, given, kept, message) => {
    expect(() => maskFromScores(graph, given, kept)).toThrow(message);
  });
});
