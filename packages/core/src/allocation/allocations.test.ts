import { describe, expect, it } from '@jest/globals';
import { maskableSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { topK } from '../mask/top-k.js';
import { initialState } from '../params/initialize.js';
import { allocationContract } from '../testing/allocation-contract.js';
import { exampleGraphs } from '../testing/example-graphs.js';
import type { DistortionCurve } from './allocation.js';
import { distortionAllocation } from './distortion.js';
import { erkAllocation, erkDensities } from './erk.js';
import { globalAllocation } from './global.js';
import { lampAllocation } from './lamp.js';
import { pqiAllocation } from './pqi.js';
import { allocationNamed, allocations } from './registry.js';
import { uniformAllocation } from './uniform.js';

for (const allocation of Object.values(allocations)) allocationContract(allocation);

describe('the registry of allocations', () => {
  it('lists each under its id', () => {
    for (const [id, allocation] of Object.entries(allocations)) expect(allocation.id).toBe(id);
  });

  it('finds by name, and names the valid ones', () => {
    expect(allocationNamed('erk')).toBe(erkAllocation);
    expect(() => allocationNamed('unifrom')).toThrow(
      'Valid names: uniform, erk, global, lamp, pqi, distortion',
    );
  });
});

/** Maskable layers of 12, 30 and 5 weights. */
const mlp: ModelGraph = {
  name: 'three',
  nodes: [
    { op: 'input', name: 'in', inputs: [], shape: [2] },
    { op: 'dense', name: 'a', inputs: ['in'], units: 6, useBias: false },
    { op: 'dense', name: 'b', inputs: ['a'], units: 5, useBias: false },
    { op: 'dense', name: 'c', inputs: ['b'], units: 1, useBias: false },
    { op: 'dense', name: 'd', inputs: ['c'], units: 2, useBias: false },
  ],
  output: 'd',
  blocks: [],
};
const counted = (counts: ReadonlyMap<string, number>) => [...counts.values()];

describe('uniform', () => {
  it.each([
    [0.5, [6, 15, 3]],
    [0.1, [1, 3, 1]],
    [0.01, [1, 1, 1]],
  ])('at density %p keeps %p of 12, 30 and 5', (density, kept) => {
    expect(counted(uniformAllocation.counts(mlp, density, { layerFloor: 0 }))).toEqual(kept);
  });
});

describe('erk', () => {
  // Σ(shape)/Π(shape) is 8/12, 11/30 and 6/5, so weights are asked for as 8 : 11 : 6 until a layer is full.
  it.each([
    [9 / 47, [2.88, 3.96, 2.16], [3, 4, 2]],
    [24 / 47, [8, 11, 5], [8, 11, 5]],
    [37 / 47, [12, 20, 5], [12, 20, 5]],
  ])('at density %p shares out %p', (density, targets, kept) => {
    const densities = [...erkDensities(mlp, density).values()];

    for (const [i, size] of [12, 30, 5].entries()) expect(densities[i]! * size).toBeCloseTo(targets[i]!, 10);
    expect(counted(erkAllocation.counts(mlp, density, { layerFloor: 0 }))).toEqual(kept);
  });

  it('leaves thin layers denser', () => {
    const resnet = buildModel({ name: 'resnet18', width: 16 }, [32, 32, 3], 10);
    const densities = erkDensities(resnet, 0.05);

    expect(densities.get('conv3_x.1.shortcut/kernel')!).toBeGreaterThan(densities.get('conv3_x.1.a/kernel')!);
    expect(densities.get('conv2_x.1.a/kernel')!).toBeGreaterThan(4 * densities.get('conv5_x.2.a/kernel')!);
  });

  it('says which density the model can have at the least', () => {
    expect(() => erkAllocation.counts(mlp, 2 / 47, { layerFloor: 0 })).toThrow(
      'cannot keep 2 of 47 weights in 3 layers that keep at least one each; choose a density of at least 0.0638',
    );
  });
});

describe('global', () => {
  const scores = new Map([
    ['a/kernel', Float32Array.from({ length: 12 }, (_, i) => i)],
    ['b/kernel', new Float32Array(30).fill(10)],
    ['c/kernel', Float32Array.of(1, 2, 3, 4, 5)],
  ]);

  it('keeps the best of the whole model, of equals the first', () => {
    // Above 10 there is only an 11; layer a's 10 comes before layer b's.
    expect(counted(globalAllocation.counts(mlp, 5 / 47, { scores, layerFloor: 0 }))).toEqual([2, 2, 1]);
  });

  it('keeps the floor in every layer', () => {
    expect(counted(globalAllocation.counts(mlp, 20 / 47, { scores, layerFloor: 0.4 }))).toEqual([5, 13, 2]);
  });

  it('refuses a floor above the density', () => {
    expect(() => globalAllocation.counts(mlp, 0.2, { scores, layerFloor: 0.4 })).toThrow(
      '[invalid_argument] density 0.2 cannot give every layer its floor of 0.4',
    );
  });

  it.each(exampleGraphs)('without a floor is the top-k of the whole $name', (graph) => {
    const specs = maskableSpecs(graph);
    const weights = initialState(graph, 4).params;
    const magnitudes = new Map(specs.map(({ name }) => [name, weights.get(name)!.map(Math.abs)]));

    const counts = globalAllocation.counts(graph, 0.4, { scores: magnitudes, layerFloor: 0 });

    const all = specs.flatMap(({ name }) => [...magnitudes.get(name)!]);
    const owner = specs.flatMap(({ name, size }) => Array.from({ length: size }, () => name));
    const winners = [...topK(all, Math.round(0.4 * all.length))].map((position) => owner[position]!);
    expect(counted(counts)).toEqual(
      specs.map(({ name }) => winners.filter((other) => other === name).length),
    );
  });
});

describe('lamp', () => {
  it('gives every layer its largest weight, then ranks by the share of what is not smaller', () => {
    // Layer a: one large weight and zeros; b: all equal; c: falling.
    const scores = new Map([
      ['a/kernel', Float32Array.from({ length: 12 }, (_, i) => (i === 3 ? 9 : 0.01))],
      ['b/kernel', new Float32Array(30).fill(1)],
      ['c/kernel', Float32Array.of(5, 4, 3, 2, 1)],
    ]);
    const counts = lampAllocation.counts(mlp, 5 / 47, { scores, layerFloor: 0 });
    // c scores 1, 16/41, 9/50 …, every weight of b 1/30.
    expect(counted(counts)).toEqual([1, 1, 3]);
  });
});

describe('pqi', () => {
  it('keeps more where weight is spread evenly', () => {
    const scores = new Map([
      ['a/kernel', Float32Array.from({ length: 12 }, (_, i) => (i === 3 ? 9 : 0))],
      ['b/kernel', new Float32Array(30).fill(1)],
      ['c/kernel', Float32Array.of(1, 1, 1, 1, 1)],
    ]);
    const counts = pqiAllocation.counts(mlp, 0.4, { scores, layerFloor: 0 });
    // Needed are 1 of 12, 30 of 30 and 5 of 5: in proportion 0.53, 15.8 and 2.6 of 19.
    expect(counted(counts)).toEqual([1, 16, 2]);
  });
});

describe('distortion', () => {
  const costs = (a: number, b: number, c: number): ReadonlyMap<string, DistortionCurve> =>
    new Map(
      Object.entries({ 'a/kernel': a, 'b/kernel': b, 'c/kernel': c }).map(([name, weight]) => [
        name,
        [1, 0.5, 0.2].map((density) => ({ density, distortion: weight * (1 - density) })),
      ]),
    );

  it('spends the budget where distortion falls most', () => {
    const counts = distortionAllocation.counts(mlp, 0.5, {
      distortions: costs(100, 1, 100),
      layerFloor: 0,
    });
    expect(counted(counts)).toEqual([12, 7, 5]);
  });

  it('finds what trying everything finds', () => {
    const sizes = [12, 30, 5];
    const distortions = costs(7, 11, 3);
    const counts = distortionAllocation.counts(mlp, 0.62, { distortions, layerFloor: 0 });
    let best = Infinity;
    let chosen: readonly number[] = [];
    for (const a of [1, 0.5, 0.2])
      for (const b of [1, 0.5, 0.2])
        for (const c of [1, 0.5, 0.2]) {
          const total = 7 * (1 - a) + 11 * (1 - b) + 3 * (1 - c);
          if (a * 12 + b * 30 + c * 5 <= 29 && total < best) [best, chosen] = [total, [a, b, c]];
        }
    // Weights left over by rounding are assigned one by one.
    counted(counts).forEach((count, i) => {
      expect(count).toBeGreaterThanOrEqual(Math.floor(chosen[i]! * sizes[i]!));
    });
  });
});
