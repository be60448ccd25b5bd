import { describe, expect, it } from '@jest/globals';
import { maskableSpecs } from '../graph/parameters.js';
import { denseMask, Mask } from '../mask/mask.js';
import { initialState } from '../params/initialize.js';
import { maskRuleContract } from '../testing/mask-rule-contract.js';
import { oneLayerGraph as graph } from '../testing/one-layer-graph.js';
import {
  cubicDensity,
  geometricDensity,
  maskRuleNamed,
  maskRules,
  pqIndex,
  type RuleMoment,
} from './index.js';

const SPARSE = new Set(['progressive', 'pruneFl']);
for (const rule of Object.values(maskRules)) maskRuleContract(rule, SPARSE.has(rule.id) ? 'sparse' : 'dense');

describe('the registry of mask rules', () => {
  it('lists each under its id, and names the valid ones', () => {
    for (const [id, rule] of Object.entries(maskRules)) expect(rule.id).toBe(id);
    expect(() => maskRuleNamed('cubik')).toThrow('did you mean cubic');
  });
});

const [layer] = maskableSpecs(graph);
const dense = denseMask(graph);

function moment(mask: Mask, rest: Partial<RuleMoment> = {}): RuleMoment {
  const spec = {
    interval: 1,
    stopRound: 4,
    granularity: 'entire',
    peakFraction: 0.5,
    gradientWeighting: 'samples',
  } as const;
  return { graph, mask, spec, targetDensity: 0.25, round: 1, adjustment: 0, adjustments: 2, ...rest };
}

function withWeights(...weights: readonly number[]): Map<string, Float32Array> {
  return new Map(initialState(graph, 1).params).set(layer!.name, Float32Array.from(weights));
}

function onlyLayer(...active: readonly number[]): Mask {
  return new Mask([{ name: layer!.name, size: layer!.size, active: Uint32Array.from(active) }]);
}

const activeOf = (mask: Mask): readonly number[] => [...mask.layer(layer!.name)!.active];
const nothing = { gradients: new Map(), requests: [] };

describe('by hand', () => {
  it('the layer of the examples is the one that is thought of', () => {
    expect(maskableSpecs(graph)).toHaveLength(1);
    expect(layer!.size).toBe(8);
  });

  it('the cubic schedule: d_f + (1 − d_f)(1 − t)³', () => {
    expect(cubicDensity(moment(dense))).toBe(0.25 + 0.75 / 8);
    expect(cubicDensity(moment(dense, { adjustment: 1 }))).toBe(0.25);
  });

  it('the geometric schedule: the same share every time', () => {
    expect(geometricDensity(moment(dense))).toBeCloseTo(0.5, 12);
    expect(geometricDensity(moment(dense, { adjustment: 1 }))).toBe(0.25);
  });

  it('cubic keeps the largest weights of each layer', () => {
    const params = withWeights(5, -1, 8, 2, -7, 3, 0.5, 4);
    // 0.34375 of 8 weights is 2.75, so 3 stay: 8, −7 and 5.
    expect(activeOf(maskRules['cubic']!.adjust(moment(dense), { params, ...nothing }).mask)).toEqual([
      0, 2, 4,
    ]);
  });

  it('lottery keeps half of the weights, the largest, and begins them anew', () => {
    const rule = maskRules['iterative']!;
    const params = withWeights(5, -1, 8, 2, -7, 3, 0.5, 4);
    expect(activeOf(rule.adjust(moment(dense), { params, ...nothing }).mask)).toEqual([0, 2, 4, 7]);
    expect(rule.rewinds).toBe(true);
  });

  it('granet prunes like cubic and then exchanges within the layer for the largest gradients', () => {
    const rule = maskRules['granet']!;
    const mask = onlyLayer(0, 1, 2, 3, 4, 5);
    const params = withWeights(5, -1, 8, 2, -7, 3, 0, 0);
    const moments = moment(mask);
    const requests = rule.requests(moments);
    // a_1 = ½ · 0.5 · (1 + cos(π/4)) = 0.427 of 6 active is 3, but only 2 are inactive.
    expect(requests).toEqual([{ layer: layer!.name, count: 2 }]);
    const gradient = { indices: Uint32Array.of(6, 7), values: Float64Array.of(0.1, -3) };
    const { mask: next } = rule.adjust(moments, {
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
    const requests = rule.requests(moment(mask));
    expect(requests).toEqual([{ layer: layer!.name, count: 4 }]);
    const gradient = { indices: Uint32Array.of(4, 5, 6, 7), values: Float64Array.of(1, -4, 2, 3) };
    const params = withWeights(5, -1, 8, 2, 0, 0, 0, 0);
    const { mask: next } = rule.adjust(moment(mask), {
      params,
      gradients: new Map([[layer!.name, gradient]]),
      requests,
    });
    // f · ½^(1 ÷ 10,000) of four is two: −1 and 2 go, gradients −4 and 3 come.
    expect(activeOf(next)).toEqual([0, 2, 5, 7]);
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
    expect(rule.adjust(moment(dense), { params: alike, ...nothing }).mask).toBe(dense);
    const unlike = withWeights(16, 16, 1, 1, 1, 1, 1, 1);
    // Σ√ = 14, Σ = 38: 196 ÷ (8 · 38) = 0.645 of 8 is 5.
    expect(activeOf(rule.adjust(moment(dense), { params: unlike, ...nothing }).mask)).toEqual([
      0, 1, 2, 3, 4,
    ]);
    const last = moment(dense, { adjustment: 1 });
    expect(activeOf(rule.adjust(last, { params: alike, ...nothing }).mask)).toEqual([0, 1]);
  });
});
