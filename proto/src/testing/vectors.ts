import { unpackActive } from '@espalier/core';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeBundle, encodeBundle, type ModelBundle } from '../bundle/index.js';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
  wireContext,
} from '../codec/index.js';
import { splitFrames } from '../framing/index.js';
import { readWire, v1 } from '../wire.js';
import { meaningOf, readableJson } from './meaning.js';
import { sampleGraph, sampleMask, sampleMoments, sampleNormalization, sampleValues } from './sample-graph.js';
import { clientSamples, serverSamples } from './samples.js';

/** Decoder that reads a vector. */
export type VectorKind = 'server message' | 'client message' | 'bundle' | 'frame';

/** Golden bytes with their meaning. */
export interface Vector {
  /** `<message>/<case>`: its files are `proto/vectors/<name>.bin` and `.json`. */
  readonly name: string;
  readonly kind: VectorKind;
  readonly bytes: Uint8Array;
}

const context = wireContext(sampleGraph);

/** A bundle of the sample graph. */
export const sampleBundle: ModelBundle = {
  graph: sampleGraph,
  mask: sampleMask,
  state: { params: unpackActive(sampleGraph, sampleMask, sampleValues(51)), moments: sampleMoments },
  classes: ['circle', 'cross', 'square'],
  normalization: sampleNormalization,
  metadata: { job: 'demo', method: 'fedtiny', seed: '7' },
};

/** Every vector, encoded by this build. Messages are of a job on `sampleGraph`. */
export function vectors(): readonly Vector[] {
  return [
    ...serverSamples.map(({ name, message }) => ({
      name,
      kind: 'server message' as const,
      bytes: encodeServerMessage(message, context),
    })),
    ...clientSamples.map(({ name, message }) => ({
      name,
      kind: 'client message' as const,
      bytes: encodeClientMessage(message, context),
    })),
    { name: 'bundle/sample', kind: 'bundle', bytes: encodeBundle(sampleBundle) },
    ...frameVectors(),
  ];
}

/** Meaning of the bytes, as JSON. @throws EspalierError as the decoder of that kind does. */
export function vectorMeaning(kind: VectorKind, bytes: Uint8Array): unknown {
  switch (kind) {
    case 'server message':
      return meaningOf(decodeServerMessage(bytes, context));
    case 'client message':
      return meaningOf(decodeClientMessage(bytes, context));
    case 'bundle':
      return meaningOf(decodeBundle(bytes));
    case 'frame':
      return frameMeaning(bytes);
  }
}

/** The files of `proto/vectors`, by path within it. */
export function vectorFiles(): readonly { readonly name: string; readonly bytes: Uint8Array }[] {
  return vectors().flatMap(({ name, kind, bytes }) => [
    { name: `${name}.bin`, bytes },
    {
      name: `${name}.json`,
      bytes: utf8ToBytes(readableJson({ kind, meaning: vectorMeaning(kind, bytes) })),
    },
  ]);
}

/** The first challenge, cut as small as frames may be. */
function frameVectors(): Vector[] {
  const [first] = serverSamples;
  if (first === undefined) return [];
  const message = encodeServerMessage(first.message, context);
  const frames = [...splitFrames(message, { transferId: 5, maxFrameBytes: 256 })];
  return frames.map((bytes, index) => ({ name: `frame/challenge-${index}`, kind: 'frame', bytes }));
}

function frameMeaning(bytes: Uint8Array): unknown {
  const { transferId, index, check, chunk, header } = readWire(v1.Frame, bytes);
  const { totalBytes, sha256 } = header ?? {};
  return meaningOf({ transferId, index, check, chunk, header: header && { totalBytes, sha256 } });
}
