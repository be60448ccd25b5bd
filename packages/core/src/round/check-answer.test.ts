import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/build-model.js';
import { identityMoments } from '../params/model-state.js';
import { initialState } from '../params/initialize.js';
import { maskFromScores } from '../mask/mask-from-scores.js';
import { maskableSpecs } from '../graph/parameters.js';
import { ownMaskOf, readjustMask, readjustmentRequests } from '../adjustment/readjust-mask.js';
import { packedLength } from '../params/pack.js';
import { topInactive } from '../mask/bounded-top-k.js';
import type { ClientUpdate } from '../trainer/client-update.js';
import { globalModel } from './global-model.js';
import { checkUpdate, type UpdateExpectation } from './check-answer.js';

const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);
const { params } = initialState(graph, 1);
const moments = identityMoments(graph);
const counts = new Map(maskableSpecs(graph).map(({ name, size }) => [name, Math.ceil(size / 4)]));
const mask = maskFromScores(graph, params, counts);
const SHARE = 0.25;
const top = readjustmentRequests(mask, SHARE).map(({ layer, count }) => ({
  layer,
  ...topInactive(mask.layer(layer)!, initialState(graph, 2).params.get(layer)!, count),
}));
const own = readjustMask(mask, params, top);

const expected: UpdateExpectation = {
  model: globalModel(graph, mask, { params, moments }),
  samples: 9,
  topGradients: [],
  readjustment: SHARE,
  moments: true,
  evaluation: false,
};
const update: ClientUpdate = {
  ...{ round: 2, maskHash: mask.hash, moments, samples: 9, topGradients: [], evaluation: null },
  delta: new Float32Array(packedLength(graph, own)),
  metrics: {
    ...{ loss: 1, steps: 1, samplesSeen: 9, seconds: 1, macs: 1, peakBytes: 1, microBatch: 1 },
    backend: 'test',
  },
  ownMask: ownMaskOf(mask, own),
};
const [first] = update.ownMask!.layers;

describe('an update under a mask of the client’s own', () => {
  it('is taken when it is what was asked for, and when nothing changed', () => {
    expect(() => {
      checkUpdate(update, expected);
    }).not.toThrow();
    expect(() => {
      checkUpdate({ ...update, ownMask: ownMaskOf(mask, mask) }, expected);
    }).not.toThrow();
  });

  const { ownMask, ...without } = update;
  it.each<[string, ClientUpdate, Partial<UpdateExpectation>, string]>([
    ['is missing', without, {}, '[invalid_data] a mask of the client'],
    ['was not asked for', update, { readjustment: null }, '[invalid_data] a mask of the client'],
    ['exchanges more than was asked', update, { readjustment: 0.05 }, '[invalid_mask]'],
    ['has another hash', { ...update, ownMask: { ...ownMask!, hash: mask.hash } }, {}, '[invalid_mask]'],
    [
      'drops without growing',
      { ...update, ownMask: { ...ownMask!, layers: [{ ...first!, grown: new Uint32Array() }] } },
      {},
      '[invalid_mask]',
    ],
    ['is of another round’s', { ...update, maskHash: own.hash }, {}, '[mask_mismatch]'],
    ['has too few values', { ...update, delta: update.delta.subarray(1) }, {}, '[wrong_length]'],
  ])('is refused when it %s', (_, spoilt, changed, why) => {
    expect(() => {
      checkUpdate(spoilt, { ...expected, ...changed });
    }).toThrow(why);
  });
});
