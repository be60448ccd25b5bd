import { createHash } from 'node:crypto';
import { buildModel, isEspalierError, packActive, packMoments, type ModelState } from '@espalier/core';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { damaged } from '../testing/arbitraries.js';
import { randomMask, randomState } from '../testing/random-model.js';
import { sampleGraph, sampleMask, sampleMoments } from '../testing/sample-graph.js';
import { sampleBundle } from '../testing/vectors.js';
import { decodeBundle, encodeBundle, modelHash, type ModelBundle } from './index.js';

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return isEspalierError(error) ? error.code : String(error);
  }
  return 'nothing was thrown';
};

const bits = (values: Float32Array): number[] => [...new Uint32Array(values.slice().buffer)];

/** A real network at density 0.1. */
function realBundle(): ModelBundle {
  const graph = buildModel({ name: 'cnn-small', width: 8 }, [16, 16, 3], 3);
  const mask = randomMask(graph, 0.1).successor([]);
  return { ...sampleBundle, graph, mask, state: randomState(graph, mask) };
}

describe('a bundle', () => {
  it('comes back to the bit, moments too', () => {
    const bundle = realBundle();
    const { graph, mask, state } = bundle;

    const back = decodeBundle(encodeBundle(bundle));

    expect(back).toEqual(bundle);
    expect(back.mask.hash).toBe(mask.hash);
    expect(bits(packActive(graph, null, back.state.params))).toEqual(
      bits(packActive(graph, null, state.params)),
    );
    expect(bits(packMoments(graph, back.state.moments))).toEqual(bits(packMoments(graph, state.moments)));
    expect(modelHash(back.graph, back.mask, back.state)).toBe(modelHash(graph, mask, state));
  });

  it('is the same bytes for the same model, in whatever order its metadata stand', () => {
    const turned = { ...sampleBundle, metadata: { seed: '7', method: 'fedtiny', job: 'demo' } };

    expect(Buffer.compare(encodeBundle(sampleBundle), encodeBundle(turned))).toBe(0);
  });

  it('costs its values, its mask and little else', () => {
    const bundle = realBundle();
    const values = packActive(bundle.graph, bundle.mask, bundle.state.params).length;
    const moments = packMoments(bundle.graph, bundle.state.moments).length;

    // A bit per maskable weight is the most that the mask may cost; 2 KB for graph and names.
    expect(encodeBundle(bundle).length).toBeLessThan(4 * (values + moments) + bundle.mask.size / 8 + 2048);
  });

  it.each<[string, Partial<ModelBundle>, string]>([
    ['a class too few', { classes: ['circle', 'cross'] }, 'invalid_argument'],
    ['a mask of another graph', { mask: realBundle().mask }, 'invalid_mask'],
    ['a state of another graph', { state: realBundle().state }, 'invalid_params'],
    ['a normalisation to nothing', { normalization: { mean: [], std: [0] } }, 'malformed_message'],
  ])('with %s is refused', (_, part, code) => {
    expect(codeOf(() => decodeBundle(encodeBundle({ ...sampleBundle, ...part })))).toBe(code);
  });
});

describe('a file that is no good bundle', () => {
  const file = encodeBundle(sampleBundle);
  const changed = (at: number): Uint8Array => file.map((byte, i) => (i === at ? byte ^ 1 : byte));

  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'malformed_message'],
    [
      'a text',
      Buffer.from('espalier, a tree along a frame, and more text than a header'),
      'malformed_message',
    ],
    ['of a format to come', changed(8), 'malformed_message'],
    ['cut within the header', file.subarray(0, 20), 'transfer_corrupt'],
    ['cut within the payload', file.subarray(0, file.length - 1), 'transfer_corrupt'],
    ['with a changed hash', changed(12), 'transfer_corrupt'],
    ['with a changed byte', changed(file.length - 1), 'transfer_corrupt'],
    ['with a byte too many', Uint8Array.of(...file, 0), 'transfer_corrupt'],
  ])('%s', (_, bytes, code) => {
    expect(codeOf(() => decodeBundle(bytes))).toBe(code);
  });

  it('gives an error of ours, whatever was done to it', () => {
    fc.assert(
      fc.property(damaged(file), (bytes) => {
        const codes = ['malformed_message', 'transfer_corrupt'];
        if (Buffer.compare(bytes, file) !== 0) expect(codes).toContain(codeOf(() => decodeBundle(bytes)));
      }),
      { numRuns: 300, seed: 8 },
    );
  });
});

describe('the model hash', () => {
  const { state } = sampleBundle;
  const hash = modelHash(sampleGraph, sampleMask, state);

  it('is the SHA-256 of the mask hash, the values and the moments', () => {
    const digest = createHash('sha256')
      .update(Buffer.from(sampleMask.hash, 'hex'))
      .update(Buffer.from(packActive(sampleGraph, sampleMask, state.params).buffer))
      .update(Buffer.from(packMoments(sampleGraph, state.moments).buffer));

    expect(hash).toBe(digest.digest('hex'));
  });

  it('does not depend on version and parent', () => {
    expect(modelHash(sampleGraph, sampleMask.successor([]), state)).toBe(hash);
  });

  it.each<[string, (original: ModelState) => ModelState]>([
    ['an active weight', ({ params, moments }) => ({ params: withFirst(params, 'conv/kernel', 9), moments })],
    ['a bias', ({ params, moments }) => ({ params: withFirst(params, 'fc/bias', 9), moments })],
    [
      'a variance',
      ({ params }) => ({
        params,
        moments: new Map([
          ...sampleMoments,
          ['conv.norm', { mean: Float32Array.of(0, 2), variance: Float32Array.of(0.125, 4) }],
        ]),
      }),
    ],
  ])('changes with %s', (_, change) => {
    expect(modelHash(sampleGraph, sampleMask, change(state))).not.toBe(hash);
  });

  it('changes with the mask alone', () => {
    const [conv, depth] = sampleMask.layers;
    const moved = sampleMask.successor([{ ...depth!, active: Uint32Array.of(5, 10) }]);
    expect(moved.layer('conv/kernel')).toBe(conv);

    expect(modelHash(sampleGraph, moved, zeroAt(state, [9, 10]))).not.toBe(
      modelHash(sampleGraph, sampleMask, zeroAt(state, [9, 10])),
    );
  });

  it('does not depend on inactive weights', () => {
    const { params, moments } = state;
    const dirty = new Map(params).set('conv/kernel', params.get('conv/kernel')!.with(1, 5));

    expect(modelHash(sampleGraph, sampleMask, { params: dirty, moments })).toBe(hash);
  });
});

function withFirst(params: ModelState['params'], name: string, value: number): ModelState['params'] {
  return new Map(params).set(name, params.get(name)!.with(0, value));
}

function zeroAt({ params, moments }: ModelState, indices: readonly number[]): ModelState {
  const kernel = params.get('depth/kernel')!.map((value, i) => (indices.includes(i) ? 0 : value));
  return { params: new Map(params).set('depth/kernel', kernel), moments };
}
