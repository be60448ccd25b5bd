import {
  alwaysDenseCount,
  buildModel,
  momentCount,
  packActive,
  type ClientUpdate,
  type Mask,
  type MaskUpdate,
  type ModelGraph,
  type SparseModel,
} from '@espalier/core';
import { riceFormulaBits } from '@espalier/core/formats';
import { describe, expect, it } from '@jest/globals';
import { splitFrames } from '../framing/index.js';
import { exchanged, randomMask, randomState } from '../testing/random-model.js';
import { clientSamples, serverSamples } from '../testing/samples.js';
import { encodeClientMessage, encodeServerMessage, wireContext } from './index.js';

const sampleUpdate = clientSamples.find(({ name }) => name === 'update/ordinary')!.message;
const sampleTrain = serverSamples.find(({ name }) => name === 'train/values-only')!.message;

/** Bytes of a message on the wire, frames of 256 KiB included. */
function framed(message: Uint8Array): number {
  let sum = 0;
  for (const frame of splitFrames(message, { transferId: 3, maxFrameBytes: 262144 })) sum += frame.length;
  return sum;
}

function updateOf(graph: ModelGraph, mask: Mask): ClientUpdate {
  if (sampleUpdate.kind !== 'update') throw new Error('not an update');
  const { params, moments } = randomState(graph, mask);
  return { ...sampleUpdate.update, maskHash: mask.hash, delta: packActive(graph, mask, params), moments };
}

function trainBytes(graph: ModelGraph, mask: Mask, maskUpdate: MaskUpdate): number {
  if (sampleTrain.kind !== 'train') throw new Error('not a train message');
  const { params, moments } = randomState(graph, mask);
  const model: SparseModel = {
    mask: { version: mask.version, hash: mask.hash },
    maskUpdate,
    values: packActive(graph, mask, params),
    moments,
  };
  return encodeServerMessage({ ...sampleTrain, model }, wireContext(graph)).length;
}

const nets = {
  'cnn-small': buildModel({ name: 'cnn-small', width: 16 }, [16, 16, 3], 10),
  resnet18: buildModel({ name: 'resnet18', width: 8 }, [32, 32, 3], 10),
};

const cases = (Object.keys(nets) as (keyof typeof nets)[]).flatMap((name) =>
  [0.01, 0.1, 1].map((density) => ({ name, density })),
);

describe('an ordinary update costs its values and little else', () => {
  it.each(cases)('$name at density $density', ({ name, density }) => {
    const graph = nets[name];
    const mask = randomMask(graph, density);
    const values = mask.activeCount + alwaysDenseCount(graph) + momentCount(graph);

    const bytes = framed(
      encodeClientMessage({ kind: 'update', update: updateOf(graph, mask) }, wireContext(graph)),
    );

    expect(bytes).toBeLessThanOrEqual(4 * values * 1.02 + 4096);
    // Measured today, so that it cannot get worse unnoticed: 300 bytes, and 40 for each frame.
    expect(bytes - 4 * values).toBeLessThan(300 + 40 * Math.ceil(bytes / 262144));
  });
});

describe('a mask delta costs its Rice-coded lists and at most 16 bytes a layer', () => {
  it.each(cases.filter(({ density }) => density < 1))('$name at density $density', ({ name, density }) => {
    const graph = nets[name];
    const mask = randomMask(graph, density);
    const layers = exchanged(mask, 0.3);
    const formula = layers.reduce((sum, layer) => {
      const { size } = mask.layer(layer.name)!;
      return sum + riceFormulaBits(layer.dropped.length, size) + riceFormulaBits(layer.grown.length, size);
    }, 0);

    const delta: MaskUpdate = { kind: 'delta', parent: mask.hash, layers };
    const cost = trainBytes(graph, mask, delta) - trainBytes(graph, mask, { kind: 'unchanged' });

    // 64 bytes once: the parent's hash and the headers of the message that holds the lists.
    expect(cost).toBeLessThanOrEqual((1.05 * formula) / 8 + 16 * layers.length + 64);
  });
});

describe('a whole mask costs no more than a bit per weight', () => {
  it.each(cases)('$name at density $density', ({ name, density }) => {
    const graph = nets[name];
    const mask = randomMask(graph, density);

    const cost =
      trainBytes(graph, mask, { kind: 'full', mask }) - trainBytes(graph, mask, { kind: 'unchanged' });

    expect(cost).toBeLessThanOrEqual(mask.size / 8 + 64 * mask.layers.length);
  });
});
