import { describe, expect, it } from '@jest/globals';
import { allocationNamed, type Allocation } from '../allocation/index.js';
import { maskableSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import { maskFromScores } from '../mask/mask-from-scores.js';
import { initialState } from '../params/initialize.js';
import type { ParamTree } from '../params/model-state.js';
import { oneLayerGraph } from '../testing/one-layer-graph.js';
import { magnitudeCriterion } from './magnitude.js';
import { pruneInPasses, type PruningPasses } from './prune-in-passes.js';
import { synflowCriterion } from './synflow.js';

const globally = (...args: Parameters<Allocation['counts']>) => allocationNamed('global').counts(...args);
const [layer] = maskableSpecs(oneLayerGraph);
const weights = new Map(initialState(oneLayerGraph, 1).params).set(
  layer!.name,
  Float32Array.of(5, -1, 8, 2, -7, 3, 0.5, 4),
);

function options(density: number, passes: number): PruningPasses {
  return {
    density,
    passes,
    score: (params) => magnitudeCriterion.score(oneLayerGraph, params, {}),
    counts: (target, inputs) => globally(oneLayerGraph, target, { ...inputs, layerFloor: 0 }),
  };
}

describe('pruning in passes', () => {
  it('goes to d^(i ÷ n), scoring what is left: by hand', async () => {
    const seen: number[][] = [];
    const score = (params: ParamTree) => {
      seen.push([...params.get(layer!.name)!]);
      return magnitudeCriterion.score(oneLayerGraph, params, {});
    };
    const mask = await pruneInPasses(oneLayerGraph, weights, { ...options(0.25, 2), score });

    // √0.25 of eight is four: 5, 8, −7 and 4; then two: 8 and −7.
    expect(seen).toEqual([
      [5, -1, 8, 2, -7, 3, 0.5, 4],
      [5, 0, 8, 0, -7, 0, 0, 4],
    ]);
    expect([...mask.layers[0]!.active]).toEqual([2, 4]);
    expect(weights.get(layer!.name)![1]).toBe(-1);
  });

  it('never brings a weight back, whatever it scores when it is gone', async () => {
    const sizes: number[] = [];
    const upsideDown = (params: ParamTree) => {
      const values = params.get(layer!.name)!;
      sizes.push(values.filter((value) => value !== 0).length);
      return new Map([[layer!.name, values.map((value) => (value === 0 ? 100 : -Math.abs(value)))]]);
    };
    const mask = await pruneInPasses(oneLayerGraph, weights, { ...options(0.25, 3), score: upsideDown });

    expect(sizes).toEqual([8, 5, 3]);
    expect([...mask.layers[0]!.active]).toEqual([1, 6]);
  });

  it.each(['global', 'erk', 'uniform'])('of one pass is the mask of the scores with %s', async (id) => {
    const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);
    const { params } = initialState(graph, 2);
    const scores = synflowCriterion.score(graph, params, {});
    const counts = allocationNamed(id).counts(graph, 0.2, { scores, layerFloor: 0 });
    const mask = await pruneInPasses(graph, params, {
      density: 0.2,
      passes: 1,
      score: () => scores,
      counts: (density, inputs) => allocationNamed(id).counts(graph, density, { ...inputs, layerFloor: 0 }),
    });

    expect(mask.hash).toBe(maskFromScores(graph, scores, counts).hash);
  });

  it('refuses no pass at all', async () => {
    await expect(pruneInPasses(oneLayerGraph, weights, options(0.5, 0))).rejects.toThrow(
      '[invalid_argument]',
    );
  });

  it('keeps SynFlow from collapsing a layer that one pass would (Tanaka et al., 2020)', async () => {
    const graph = buildModel({ name: 'resnet18', width: 4 }, [16, 16, 3], 10);
    const { params } = initialState(graph, 3);
    const least = async (passes: number): Promise<number> => {
      const mask = await pruneInPasses(graph, params, {
        density: 0.01,
        passes,
        score: (left) => synflowCriterion.score(graph, left, {}),
        counts: (density, inputs) => globally(graph, density, { ...inputs, layerFloor: 0 }),
      });
      expect(mask.density).toBeCloseTo(0.01, 4);
      return Math.min(...mask.layers.map(({ active }) => active.length));
    };

    // One weight a layer is what the allocation leaves in any case: the layer would have none.
    expect(await least(1)).toBe(1);
    expect(await least(100)).toBeGreaterThan(1);
  });
});
