import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { Mask } from '../mask/mask.js';
import { candidateModel } from '../candidates/nested-pool.js';
import { packActive } from '../params/pack.js';
import { unevenState } from '../testing/network-arbitrary.js';
import { compressionCandidates, compressModel, type CompressOptions } from './index.js';

const graph = buildModel({ name: 'resnet20', width: 4 }, [8, 8, 3], 3);
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
const input = { graph, state: unevenState(graph, 1), normalization };
const weights = { density: 0.2, criterion: 'magnitude', allocation: 'erk', layerFloor: 0, iterations: 1 };
const plain: CompressOptions = {
  access: 'aggregates',
  channels: null,
  weights,
  rounding: null,
  repair: 'none',
  samples: 8,
  seed: 1,
};
const allocations = ['erk', 'uniform', 'lamp'];

describe('compressionCandidates', () => {
  it('are the networks that each allocation would have given alone', async () => {
    const channels = {
      target: { kind: 'channels', value: 0.7 },
      spread: 'uniform',
      criterion: 'magnitude',
    } as const;
    const options = { ...plain, channels };
    const { pool, graph: small } = await compressionCandidates(input, { ...options, allocations }, null);
    expect(pool.counts).toHaveLength(3);
    for (const [i, allocation] of allocations.entries()) {
      const alone = await compressModel(input, { ...options, weights: { ...weights, allocation } }, null);
      const { mask, params } = candidateModel(small, pool, pool.counts[i]!);
      expect(small).toEqual(alone.graph);
      expect(mask.hash).toBe(alone.mask.hash);
      expect([...params]).toEqual([...alone.state.params]);
      expect([...pool.moments]).toEqual([...alone.state.moments]);
    }
  });

  it('are rounded as one', async () => {
    const rounding = { bits: 4, quantizer: 'uniform' };
    const { pool, graph: same } = await compressionCandidates(
      input,
      { ...plain, rounding, allocations },
      null,
    );
    const { params } = candidateModel(same, pool, pool.counts[1]!);
    const column = params.get('conv3_x.2.a/kernel')!.filter((_, i) => i % 8 === 0);
    expect(new Set(column.map(Math.abs)).size).toBeLessThanOrEqual(8);
  });

  it('are one where there is one allocation, repaired in whatever way', async () => {
    const options = { ...plain, repair: 'udfc', rounding: { bits: 6, quantizer: 'apot' } };
    const alone = await compressModel(input, options, null);
    const { pool, allocations: names } = await compressionCandidates(
      input,
      { ...options, allocations: ['erk'] },
      null,
    );
    expect(names).toEqual(['erk']);
    expect(pool.counts).toHaveLength(1);
    expect(new Mask(pool.union).hash).toBe(alone.mask.hash);
    expect(pool.values).toEqual(packActive(alone.graph, alone.mask, alone.state.params));
    const dense = await compressionCandidates(input, { ...plain, weights: null, allocations: ['erk'] }, null);
    expect(dense).toMatchObject({ allocations: [] });
  });

  it.each<[string, Partial<CompressOptions>, string]>([
    [
      'less access than aggregates',
      { access: 'synthetic' },
      'calibration by clients needs access "aggregates"',
    ],
    ['masks that do not nest', { weights: { ...weights, criterion: 'random' } }, 'criterion is random'],
    ['a repair that solves values anew', { repair: 'udfc' }, 'repair udfc solves the weights anew'],
  ])('refuses %s', async (_, part, sentence) => {
    await expect(compressionCandidates(input, { ...plain, ...part, allocations }, null)).rejects.toThrow(
      sentence,
    );
  });
});
