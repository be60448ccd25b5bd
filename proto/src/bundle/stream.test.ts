import { describe, expect, it } from '@jest/globals';
import { buildModel, packActive } from '@espalier/core';
import type { ValueCoding } from '@espalier/core/formats';
import { unevenState } from '@espalier/core/testing';
import { randomMask } from '../testing/random-model.js';
import { sampleBundle } from '../testing/vectors.js';
import { decodeBundle, encodeBundle, readBundleStream } from './index.js';

const graph = buildModel({ name: 'cnn-small', width: 16 }, [16, 16, 3], 3);
const mask = randomMask(graph, 0.1);
const bundle = { ...sampleBundle, graph, mask, state: unevenState(graph, 1, mask) };

async function* inChunks(bytes: Uint8Array, size: number, taken = { chunks: 0 }): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    taken.chunks++;
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

describe('a bundle in other codings', () => {
  const whole = encodeBundle(bundle).length;
  it.each<[ValueCoding, number, number]>([
    [{ kind: 'float16' }, 1e-3, 0.7],
    [{ kind: 'levels', quantizer: 'uniform', bits: 8 }, 0.01, 0.6],
    [{ kind: 'levels', quantizer: 'apot', bits: 4 }, 0.25, 0.5],
  ])('%j is near and small', (coding, error, share) => {
    const file = encodeBundle(bundle, coding);
    const back = decodeBundle(file);
    const [before, after] = [bundle, back].map(({ state }) => packActive(graph, mask, state.params));
    const scale = Math.max(...before!.map(Math.abs));
    before!.forEach((value, i) => {
      expect(Math.abs(value - after![i]!)).toBeLessThanOrEqual(error * scale);
    });
    expect(back.mask.hash).toBe(mask.hash);
    expect(file.length).toBeLessThan(share * whole);
  });
});

describe('a bundle as it arrives', () => {
  it.each([1, 7, 1000, 1e6])('in chunks of %i bytes is the same', async (size) => {
    const file = encodeBundle(sampleBundle);
    const seen: number[] = [];
    const read = await readBundleStream(inChunks(file, size), { onProgress: (bytes) => seen.push(bytes) });
    expect(read).toEqual(sampleBundle);
    expect(seen.at(-1)).toBe(file.length);
  });

  it('that is none is refused by its first bytes, and one that is too large before it is read', async () => {
    const taken = { chunks: 0 };
    await expect(readBundleStream(inChunks(new Uint8Array(5000), 10, taken))).rejects.toThrow(
      'no Espalier model bundle',
    );
    expect(taken.chunks).toBe(1);
    await expect(
      readBundleStream(inChunks(encodeBundle(bundle), 100, taken), { maxBytes: 250 }),
    ).rejects.toThrow('[frame_too_large]');
    expect(taken.chunks).toBe(4);
  });

  it.each([0, 5, 12, 100])('that ends after %i bytes is refused', async (length) => {
    await expect(readBundleStream(inChunks(encodeBundle(bundle).subarray(0, length), 64))).rejects.toThrow(
      /malformed_message|transfer_corrupt/,
    );
  });
});
