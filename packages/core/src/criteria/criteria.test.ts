import { describe, expect, it } from '@jest/globals';
import { parameterSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import { initialState } from '../params/initialize.js';
import { criterionContract } from '../testing/criterion-contract.js';
import { oneLayerGraph as graph } from '../testing/one-layer-graph.js';
import { graspCriterion } from './grasp.js';
import { criteria, criterionNamed } from './index.js';
import { magnitudeCriterion } from './magnitude.js';
import { randomCriterion } from './random.js';
import { synflowCriterion } from './synflow.js';

for (const criterion of Object.values(criteria)) criterionContract(criterion);

describe('the registry of criteria', () => {
  it('lists each under its id', () => {
    for (const [id, criterion] of Object.entries(criteria)) expect(criterion.id).toBe(id);
  });

  it('finds by name, and names the valid ones', () => {
    expect(criterionNamed('random')).toBe(randomCriterion);
    expect(() => criterionNamed('magnitud')).toThrow(
      '[invalid_argument] there is no criterion "magnitud"; did you mean magnitude? Valid names: magnitude, random, synflow',
    );
  });
});

describe('criteria', () => {
  const graph = buildModel({ name: 'mlp', width: 2 }, [1, 1, 2], 2);

  it('magnitude is |w|', () => {
    const params = new Map(initialState(graph, 1).params).set(
      'fc1/kernel',
      Float32Array.of(-3, 0, 0.5, -0.25),
    );

    const scores = magnitudeCriterion.score(graph, params, {});

    expect([...scores.get('fc1/kernel')!]).toEqual([3, 0, 0.5, 0.25]);
  });

  it('synflow is what flows through a weight: |w|, what comes in, and what it adds to the sum', () => {
    const small = new Map([
      ['fc1/kernel', Float32Array.of(1, -2, 3, 0)],
      ['fc1/bias', new Float32Array(2)],
      ['fc2/kernel', Float32Array.of(1, 0, 0, 2)],
      ['fc2/bias', new Float32Array(2)],
      ['fc3/kernel', Float32Array.of(1, 1, 1, 1)],
      ['fc3/bias', new Float32Array(2)],
    ]);
    const named = parameterSpecs(graph).map(({ name }) => name);
    const scores = synflowCriterion.score(
      graph,
      new Map(named.map((name, i) => [name, [...small.values()][i]!])),
      {},
    );

    // Units get 4 and 2, double in the second layer to 4 and 4; every weight then counts for two outputs: 16 in all.
    expect([...scores.values()].map((layer) => [...layer].map((share) => share * 16))).toEqual([
      [2, 8, 6, 0],
      [8, 0, 0, 8],
    ]);
  });

  it('random draws in [0, 1), anew for every layer and key', () => {
    const { params } = initialState(graph, 1);
    const drawn = (seed: number) => randomCriterion.score(graph, params, { rng: { seed, purpose: 'mask' } });

    const [first, second] = [...drawn(1).values()].map((scores) => [...scores]);

    expect(first!.every((score) => score >= 0 && score < 1)).toBe(true);
    expect(first).not.toEqual(second);
    expect(drawn(2)).not.toEqual(drawn(1));
  });
});

describe('criteria of gradients by hand', () => {
  const tree = (...values: readonly number[]) =>
    new Map(initialState(graph, 1).params).set('fc1/kernel', Float32Array.from(values));
  const weights = tree(1, -2, 3, 0, 1, 1, 1, 1);

  it('snip is |g·w|', () => {
    const gradients = tree(2, 2, -1, 9, 0, 0, 0, 1);
    const scores = criterionNamed('snip').score(graph, weights, { gradients }).get('fc1/kernel')!;
    expect([...scores]).toEqual([2, 4, 3, 0, 0, 0, 0, 1]);
  });

  it('grasp is w·Hg, its sign kept', () => {
    const hessianGradients = tree(2, 2, -1, 9, 0, 0, 0, 1);
    const scores = graspCriterion.score(graph, weights, { hessianGradients }).get('fc1/kernel')!;
    expect([...scores]).toEqual([2, -4, -3, 0, 0, 0, 0, 1]);
  });
});
