import { describe, expect, it } from '@jest/globals';
import { maskableSpecs } from '../graph/parameters.js';
import { denseMask, Mask } from '../mask/mask.js';
import { initialState } from '../params/initialize.js';
import { maskRuleContract } from '../testing/mask-rule-contract.js';
import { oneLayerGraph as graph } from '../testing/one-layer-graph.js';
import { cubicDensity, geometricDensity } from './densities.js';
import { maskRuleNamed, maskRules, pqIndex, type AdjustmentContext } from './index.js';

for (const rule of Object.values(maskRules)) maskRuleContract(rule);

describe('the registry of mask rules', () => {
  it.each([
    ['progressive', 'sparse', ['topGradients']],
    ['pruneFl', 'sparse', ['denseGradients']],
    ['voted', 'sparse', ['ownMasks']],
    ['extruding', 'sparse', ['topGradients']],
    ['thompson', 'sparse', ['topGradients']],
    ['granet', 'dense', ['topGradients']],
    ['cubic', 'dense', []],
    ['pqIndex', 'dense', []],
    ['iterative', 'dense', []],
  ])('%s begins %s and needs %p', (id, begins, needs) => {
    expect(maskRuleNamed(id)).toMatchObject({ begins, needs });
  });

  it('lists each under its id, and names the valid ones', () => {
    for (const [id, rule] of Object.entries(maskRules)) expect(rule.id).toBe(id);
    expect(() => maskRuleNamed('cubik')).toThrow('did you mean cubic');
  });
});

const [layer] = maskableSpecs(graph);
const dense = denseMask(graph);

function context(mask: Mask, rest: Partial<AdjustmentContext> = {}): AdjustmentContext {
  const spec = {
    interval: 1,
    stopRound: 4,
    granularity: 'entire',
    peakFraction: 0.5,
    gradientWeighting: 'samples',
  } as const;
  return {
    graph,
    seed: 3,
    learningRate: 0.1,
    mask,
    spec,
    targetDensity: 0.25,
    round: 1,
    adjustment: 0,
    adjustments: 2,
    ...rest,
  };
}

function withWeights(...weights: readonly number[]): Map<string, Float32Array> {
  return new Map(initialState(graph, 1).params).set(layer!.name, Float32Array.from(weights));
}

function onlyLayer(...active: readonly number[]): Mask {
  return new Mask([{ name: layer!.name, size: layer!.size, active: Uint32Array.from(active) }]);
}

const topOf = (...indices: readonly number[]) => ({
  layer: layer!.name,
  indices: Uint32Array.from(indices),
  values: new Float32Array(indices.length).fill(1),
});

const activeOf = (mask: Mask): readonly number[] => [...mask.layer(layer!.name)!.active];
const nothing = { gradients: new Map(), requests: [], reports: [], ownMasks: [], memory: {} };

describe('by hand', () => {
  it('the layer of the examples is the one that is thought of', () => {
    expect(maskableSpecs(graph)).toHaveLength(1);
    expect(layer!.size).toBe(8);
  });

  it('the cubic schedule: d_f + (1 − d_f)(1 − t)³', () => {
    expect(cubicDensity(context(dense))).toBe(0.25 + 0.75 / 8);
    expect(cubicDensity(context(dense, { adjustment: 1 }))).toBe(0.25);
  });

  it('the geometric schedule: the same share every time', () => {
    expect(geometricDensity(context(dense))).toBeCloseTo(0.5, 12);
    expect(geometricDensity(context(dense, { adjustment: 1 }))).toBe(0.25);
  });

  it('cubic keeps the largest weights of each layer', () => {
    const params = withWeights(5, -1, 8, 2, -7, 3, 0.5, 4);
    // 0.34375 of 8 weights is 2.75, so 3 stay: 8, −7 and 5.
    expect(activeOf(maskRules['cubic']!.adjust(context(dense), { params, ...nothing }).mask)).toEqual([
      0, 2, 4,
    ]);
  });

  it('lottery keeps half of the weights, the largest, and begins them anew', () => {
    const rule = maskRules['iterative']!;
    const params = withWeights(5, -1, 8, 2, -7, 3, 0.5, 4);
    expect(activeOf(rule.adjust(context(dense), { params, ...nothing }).mask)).toEqual([0, 2, 4, 7]);
    expect(rule.rewinds).toBe(true);
  });

  it('granet prunes like cubic and then exchanges within the layer for the largest gradients', () => {
    const rule = maskRules['granet']!;
    const mask = onlyLayer(0, 1, 2, 3, 4, 5);
    const params = withWeights(5, -1, 8, 2, -7, 3, 0, 0);
    const at = context(mask);
    const requests = rule.requests(at);
    // a_1 = ½ · 0.5 · (1 + cos(π/4)) = 0.427 of 6 active is 3, but only 2 are inactive.
    expect(requests).toEqual([{ layer: layer!.name, count: 2 }]);
    const gradient = { indices: Uint32Array.of(6, 7), values: Float64Array.of(0.1, -3) };
    const { mask: next } = rule.adjust(at, {
      ...nothing,
      params,
      gradients: new Map([[layer!.name, gradient]]),
      requests,
    });
    // Three stay of six: 5, 8, −7; 0.427 of three is one: 5 goes, weight 7 of gradient −3 comes.
    expect(activeOf(next)).toEqual([2, 4, 7]);
    expect(next).toMatchObject({ version: 1, parent: mask.hash });
  });

  it('pruneFl asks for every inactive gradient and exchanges the share f of the smallest', () => {
    const rule = maskRules['pruneFl']!;
    const mask = onlyLayer(0, 1, 2, 3);
    const requests = rule.requests(context(mask));
    expect(requests).toEqual([{ layer: layer!.name, count: 4 }]);
    const gradient = { indices: Uint32Array.of(4, 5, 6, 7), values: Float64Array.of(1, -4, 2, 3) };
    const params = withWeights(5, -1, 8, 2, 0, 0, 0, 0);
    const { mask: next } = rule.adjust(context(mask), {
      ...nothing,
      params,
      gradients: new Map([[layer!.name, gradient]]),
      requests,
    });
    // f · ½^(1 ÷ 10,000) of four is two: −1 and 2 go, gradients −4 and 3 come.
    expect(activeOf(next)).toEqual([0, 2, 5, 7]);
  });

  it('voted keeps the largest averages of what somebody held', () => {
    const mask = onlyLayer(0, 1, 2, 3);
    // One client exchanged 1 for 6, the other 1 for 7: no client holds 1 any more, regardless of its weight.
    const ownMasks = [onlyLayer(0, 2, 3, 6), onlyLayer(0, 2, 3, 7)];
    const params = withWeights(5, 9, -1, 2, 0, 0, -3, 0.5);
    const { mask: next, exchanged } = maskRules['voted']!.adjust(context(mask), {
      ...nothing,
      params,
      ownMasks,
    });
    expect(activeOf(next)).toEqual([0, 2, 3, 6]);
    expect([...exchanged.values()]).toEqual([1]);
    // ½ · 0.5 · (1 + cos(π/4)) of its weights is what every client is asked to exchange.
    expect(maskRules['voted']!.localWork!(context(mask)).readjustment).toBeCloseTo(0.42678, 5);
  });

  it('voted fills up from what nobody held where clients held too little', () => {
    const mask = onlyLayer(0, 1, 2, 3);
    const params = withWeights(5, 9, -1, 2, 0, 0, 0, 0);
    const { mask: next } = maskRules['voted']!.adjust(context(mask), {
      ...nothing,
      params,
      ownMasks: [onlyLayer(0, 6)],
    });
    // 0 and 6 are held; of 1, 2 and 3 the two largest stay.
    expect(activeOf(next)).toEqual([0, 1, 3, 6]);
  });

  it('extruding presses on the share that is about to go, of the layers whose turn it is', () => {
    const { readjustment, extrusion } = maskRules['extruding']!.localWork!(context(onlyLayer(0, 1, 2, 3)));
    expect(readjustment).toBeNull();
    expect(extrusion).toMatchObject({ penalty: 0.01, peakLearningRate: 0.1, layers: [layer!.name] });
    expect(extrusion!.share).toBeCloseTo(0.42678, 5);
  });

  it('thompson believes what clients and aggregate agree on: α += 10·X, β += 10·(1 − X)', () => {
    const rule = maskRules['thompson']!;
    const mask = onlyLayer(0, 1, 2, 3);
    // a_1 = 0.427 of four is two, so κ = 2.
    const observer = rule.observe!(context(mask), null);
    observer.client(withWeights(9, 8, 1, 2, 0, 0, 0, 0), mask, 30);
    observer.client(withWeights(9, 1, 8, 2, 0, 0, 0, 0), mask, 10);
    const memory = observer.close(withWeights(9, 6, 3, 2, 0, 0, 0, 0));
    // Weight 0: both and the aggregate. 1: ¾ of the samples and the aggregate. 2: ¼. 3: none.
    const outcome = [1, (1 + 0.75) / 2, 0.25 / 2, 0];
    expect([...memory[`${layer!.name}/alpha`]!]).toEqual([...outcome.map((x) => 1 + 10 * x), 1, 1, 1, 1]);
    expect([...memory[`${layer!.name}/beta`]!]).toEqual([
      ...outcome.map((x) => 1 + 10 * (1 - x)),
      ...[1, 1, 1, 1],
    ]);

    const reports = [
      { samples: 30, topGradients: [topOf(4, 7)] },
      { samples: 10, topGradients: [topOf(4, 5)] },
    ];
    const requests = rule.requests(context(mask));
    expect(requests).toEqual([{ layer: layer!.name, count: 2 }]);
    const adjusted = rule.adjust(context(mask), { ...nothing, params: new Map(), reports, requests, memory });
    // Inactive: half a half of the aggregate, half the share of votes: 1, ¼, 0 and ¾.
    const votes = [0.75, 0.375, 0.25, 0.625];
    expect([...adjusted.memory![`${layer!.name}/alpha`]!.slice(4)]).toEqual(votes.map((x) => 1 + 10 * x));
    expect(activeOf(adjusted.mask)).toHaveLength(4);
    expect(activeOf(adjusted.mask)).toContain(0);
  });

  it('thompson nearly always keeps what has won often', () => {
    const rule = maskRules['thompson']!;
    const beliefs = {
      [`${layer!.name}/alpha`]: Float32Array.of(900, 1, 900, 1, 900, 1, 900, 1),
      [`${layer!.name}/beta`]: Float32Array.of(1, 900, 1, 900, 1, 900, 1, 900),
    };
    const requests = [{ layer: layer!.name, count: 2 }];
    const { mask } = rule.adjust(context(onlyLayer(0, 1, 2, 3)), {
      ...nothing,
      params: new Map(),
      requests,
      memory: beliefs,
      reports: [{ samples: 1, topGradients: [] }],
    });
    expect(activeOf(mask)).toEqual([0, 2, 4, 6]);
  });

  it('the PQ index is 0 where all weights are alike, and high where one carries everything', () => {
    expect(pqIndex([2, 2, 2, 2])).toBe(0);
    expect(pqIndex([4, 0, 0, 0])).toBe(0.75);
    // (1 + 2 + 3)² ÷ (3 · 14) = 36/42
    expect(pqIndex([1, 4, 9])).toBeCloseTo(1 - 36 / 42, 12);
    expect(pqIndex([0, 0])).toBe(1);
  });

  it('pqIndex keeps d·(1 − I) of the weights, and the last time the target', () => {
    const rule = maskRules['pqIndex']!;
    const alike = withWeights(1, 1, 1, 1, 1, 1, 1, 1);
    expect(rule.adjust(context(dense), { params: alike, ...nothing }).mask).toBe(dense);
    const unlike = withWeights(16, 16, 1, 1, 1, 1, 1, 1);
    // Σ√ = 14, Σ = 38: 196 ÷ (8 · 38) = 0.645 of 8 is 5.
    expect(activeOf(rule.adjust(context(dense), { params: unlike, ...nothing }).mask)).toEqual([
      0, 1, 2, 3, 4,
    ]);
    const last = context(dense, { adjustment: 1 });
    expect(activeOf(rule.adjust(last, { params: alike, ...nothing }).mask)).toEqual([0, 1]);
  });
});
