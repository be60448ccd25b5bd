import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { allocations } from '../allocation/index.js';
import { checkGraph } from '../graph/check-graph.js';
import { parameterSpecs } from '../graph/parameters.js';
import { costOf, COST_KINDS, type ChannelSpread, type CostKind } from '../groups/index.js';
import { checkState } from '../params/model-state.js';
import { unevenState } from '../testing/network-arbitrary.js';
import {
  accessNeeded,
  agreementOf,
  checkAccess,
  compressModel,
  repairs,
  syntheticImages,
  type CompressOptions,
} from './index.js';

const graph = buildModel({ name: 'resnet20', width: 4 }, [8, 8, 3], 3);
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
const input = { graph, state: unevenState(graph, 1), normalization };
const nothing: CompressOptions = {
  access: 'none',
  channels: null,
  weights: null,
  rounding: null,
  repair: 'udfc',
  samples: 8,
  seed: 1,
};
const weights = { density: 0.2, criterion: 'magnitude', allocation: 'erk', layerFloor: 0, iterations: 1 };
const uniform = { spread: 'uniform', criterion: 'magnitude' } as const;

describe('access', () => {
  it('refuses what needs more than is granted, by name, and says what would do', async () => {
    expect(accessNeeded({ needs: [] })).toBe('none');
    expect(accessNeeded({ needs: ['scores', 'distortions'] })).toBe('synthetic');
    expect(accessNeeded({ needs: ['gradients'] })).toBe('training');
    expect(accessNeeded({ needs: ['something new'] })).toBe('training');
    expect(() => {
      checkAccess('synthetic', 'criterion', { id: 'snip', needs: ['gradients'] });
    }).toThrow(
      '[invalid_argument] criterion snip needs access "training" (gradients), but only "synthetic" is granted',
    );
    await expect(compressModel(input, { ...nothing, repair: 'obspa' }, null)).rejects.toThrow(
      'repair obspa needs access "synthetic"',
    );
    const distorted = { ...nothing, weights: { ...weights, allocation: 'distortion' } };
    await expect(compressModel(input, distorted, null)).rejects.toThrow(
      'allocation distortion needs access "synthetic"',
    );
  });
});

describe('compressModel', () => {
  it.each<[CostKind, number]>([
    ['channels', 0.7],
    ['density', 0.5],
    ['macs', 0.6],
    ['bytes', 0.5],
    ['parameters', 0.5],
    ['macs', 150000],
  ])('meets the target %s=%p and hardly more', async (kind, value) => {
    const { graph: small, state } = await compressModel(
      input,
      { ...nothing, channels: { target: { kind, value }, ...uniform } },
      null,
    );
    checkGraph(small);
    checkState(small, state);
    const goal = value <= 1 ? value * costOf(graph, kind) : value;
    expect(costOf(small, kind)).toBeLessThanOrEqual(goal + (kind === 'channels' ? 0.5 : 0));
    expect(costOf(small, kind)).toBeGreaterThan(0.9 * goal);
    expect(small.name).toBe('resnet20-w4-compressed');
  });

  it.each<[ChannelSpread, CostKind]>([
    ['uniform', 'channels'],
    ['global', 'channels'],
    ['uniform', 'macs'],
    ['global', 'bytes'],
  ])('keeps multiples of channels in layers that lose some, %s by %s', async (spread, kind) => {
    const wide = buildModel({ name: 'resnet20', width: 6 }, [8, 8, 3], 3);
    const network = { graph: wide, state: unevenState(wide, 1), normalization };
    const channels = { target: { kind, value: 0.7 }, spread, criterion: 'magnitude', multiple: 4 };
    const { graph: small, kept, state } = await compressModel(network, { ...nothing, channels }, null);
    checkState(small, state);
    const before = new Map(parameterSpecs(wide).map(({ name, shape }) => [name, shape.at(-1) ?? 0]));
    const after = parameterSpecs(small).filter(({ role, name }) => role === 'kernel' && name !== 'fc/kernel');
    const counts = after.map(({ name, shape }) => [shape.at(-1) ?? 0, before.get(name) ?? 0] as const);
    expect(counts.every(([left, all]) => left === all || left % 4 === 0)).toBe(true);
    expect(counts.some(([left, all]) => left < all)).toBe(true);
    expect(kept.size).toBeGreaterThan(0);
    // Steps of four channels of at most 24 come within a few of the target.
    const goal = 0.7 * costOf(wide, kind);
    expect(costOf(small, kind)).toBeLessThanOrEqual(kind === 'channels' ? goal + 2 : goal);
    expect(costOf(small, kind)).toBeGreaterThan(0.8 * goal);
  });

  it.each(COST_KINDS)('says which %s is the nearest that can be met', async (kind) => {
    const channels = { target: { kind, value: 1e-4 }, ...uniform };
    const refusal = await compressModel(input, { ...nothing, channels }, null).catch(
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ code: 'invalid_argument', facts: { kind, nearest: expect.any(Number) } });
    const { nearest } = (refusal as { facts: { nearest: number } }).facts;
    const met = await compressModel(
      input,
      { ...nothing, repair: 'none', channels: { target: { kind, value: nearest }, ...uniform } },
      null,
    );
    expect(costOf(met.graph, kind)).toBe(nearest);
  });

  it.each(Object.keys(repairs))('prunes channels and weights and rounds with repair %s', async (repair) => {
    const options: CompressOptions = {
      ...nothing,
      access: 'synthetic',
      repair,
      weights,
      channels: { target: { kind: 'channels', value: 0.7 }, ...uniform },
      rounding: { bits: 4, quantizer: 'apot' },
    };
    const { graph: small, state, mask } = await compressModel(input, options, null);
    checkState(small, state);
    mask.checkFits(small);
    expect(mask.density).toBeLessThanOrEqual(0.21);
    expect(mask.density).toBeGreaterThan(0.1);
    const column = state.params.get('conv3_x.2.a/kernel')!.filter((_, i) => i % 6 === 0);
    expect(new Set(column.map(Math.abs)).size).toBeLessThanOrEqual(8);
    expect((await compressModel(input, options, null)).state).toEqual(state);
  });

  it('prunes over several passes to the same density', async () => {
    const { mask } = await compressModel(
      input,
      { ...nothing, weights: { ...weights, criterion: 'synflow', allocation: 'global', iterations: 8 } },
      null,
    );
    expect(mask.density).toBeCloseTo(0.2, 3);
    expect(Object.keys(allocations)).toContain('global');
  });

  it('refuses weights that are not finite, by their name', async () => {
    const params = new Map(input.state.params);
    params.set('conv2_x.1.a/kernel', params.get('conv2_x.1.a/kernel')!.with(3, NaN));
    await expect(
      compressModel({ ...input, state: { ...input.state, params } }, nothing, null),
    ).rejects.toThrow('[invalid_params] conv2_x.1.a/kernel holds a value that is not finite');
  });

  it.each([
    [{ weights: { ...weights, iterations: 0 } }, 'iterations is 0'],
    [{ rounding: { bits: 9, quantizer: 'uniform' } }, '9 bits'],
    [{ rounding: { bits: 4, quantizer: 'unifrom' } }, 'did you mean uniform?'],
    [{ repair: 'udcf' }, 'did you mean udfc?'],
    [{ channels: { target: { kind: 'macs' as const, value: -1 }, ...uniform } }, 'target macs=-1'],
    [
      { channels: { target: { kind: 'macs' as const, value: 0.5 }, ...uniform, multiple: 0 } },
      'in multiples of 0',
    ],
  ])('refuses %j', async (part, sentence) => {
    await expect(compressModel(input, { ...nothing, ...part }, null)).rejects.toThrow(sentence);
  });
});

describe('synthetic images and agreement', () => {
  it('paints where it can, and draws noise elsewhere; the same seed, the same images', () => {
    const one = syntheticImages(graph, { samples: 5, seed: 3, normalization });
    expect(one).toMatchObject({ size: 5 });
    expect(one.images).toEqual(syntheticImages(graph, { samples: 5, seed: 3, normalization }).images);
    const vector = buildModel({ name: 'mlp', width: 3 }, [2, 2, 3], 2);
    expect(syntheticImages(vector, { samples: 4, seed: 1, normalization }).images).toHaveLength(48);
  });

  it('counts equal answers and measures divergence', () => {
    const logits = Float32Array.of(2, 0, 0, 1);
    expect(agreementOf(logits, logits, 2)).toEqual({ argmax: 1, divergence: 0, largest: 0 });
    const other = agreementOf(logits, Float32Array.of(0, 2, 0, 1), 2);
    // p = (0.881, 0.119) against its mirror image: 2·(0.881 − 0.119) nats for one of two images.
    expect(other).toMatchObject({ argmax: 0.5, largest: 2 });
    expect(other.divergence).toBeCloseTo(0.7616, 4);
  });
});
