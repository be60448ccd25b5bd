import {
  checkState,
  EspalierError,
  numClasses,
  packActive,
  unpackActive,
  type Mask,
  type ModelGraph,
  type ModelState,
  type Normalization,
} from '@espalier/core';
import { toBytes, toFloat32 } from '../codec/arrays.js';
import { wireContext } from '../codec/context.js';
import { decoding, malformed } from '../codec/failure.js';
import { decodeGraph, encodeGraph } from '../codec/graph-codec.js';
import { decodeNormalization, encodeNormalization } from '../codec/job-codec.js';
import { decodeMask, encodeMask } from '../codec/mask-codec.js';
import { decodeMoments, encodeMoments } from '../codec/moments-codec.js';
import { readWire, v1, writeWire } from '../wire.js';
import { openEnvelope, sealEnvelope } from './envelope.js';

/** A sparse model with all that is needed to use it, as one file. */
export interface ModelBundle {
  readonly graph: ModelGraph;
  readonly mask: Mask;
  readonly state: ModelState;
  /** Label i is classes[i]. */
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  /** Where the model comes from: job, method, seed … */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The file. Active weights, always-dense parameters and moments are kept to the bit; inactive weights are not stored.
 * Equal bundles give equal bytes.
 * @throws EspalierError `invalid_graph`, `invalid_mask`, `invalid_params` or `invalid_argument` where the parts do not
 * belong together.
 */
export function encodeBundle(bundle: ModelBundle): Uint8Array {
  const { graph, mask, state, classes, normalization, metadata } = bundle;
  mask.checkFits(graph);
  checkState(graph, state);
  if (classes.length !== numClasses(graph)) {
    throw new EspalierError('invalid_argument', classesProblem(graph, classes));
  }
  return sealEnvelope(
    writeWire(v1.Bundle, {
      graph: encodeGraph(graph),
      mask: encodeMask(mask),
      values: toBytes(packActive(graph, mask, state.params)),
      moments: encodeMoments(state.moments, wireContext(graph)),
      classes: [...classes],
      normalization: encodeNormalization(normalization),
      metadata: sortedMetadata(metadata),
    }),
  );
}

/**
 * The model of a file; inactive weights are 0.
 * @throws EspalierError `malformed_message` where it is no bundle, or one of another format version;
 * `transfer_corrupt` where its bytes are not those that were written; `not_finite`, `wrong_length`.
 */
export function decodeBundle(bytes: Uint8Array): ModelBundle {
  const payload = openEnvelope(bytes);
  return decoding('a bundle', () => readBundle(readWire(v1.Bundle, payload)));
}

function readBundle(wire: v1.Bundle.$Shape): ModelBundle {
  const graph = decodeGraph(wire.graph);
  const context = wireContext(graph);
  const mask = decodeMask(wire.mask, context);
  const { classes = [], metadata = [] } = wire;
  if (classes.length !== numClasses(graph)) throw malformed(classesProblem(graph, classes));
  return {
    graph,
    mask,
    state: {
      params: unpackActive(graph, mask, toFloat32(wire.values, 'values')),
      moments: decodeMoments(wire.moments, context),
    },
    classes,
    normalization: decodeNormalization(wire.normalization),
    metadata: Object.fromEntries(metadata.map(({ name = '', value = '' }) => [name, value])),
  };
}

function sortedMetadata(metadata: Readonly<Record<string, string>>): v1.Metadata.$Properties[] {
  return Object.keys(metadata)
    .sort()
    .map((name) => ({ name, value: metadata[name] ?? '' }));
}

function classesProblem(graph: ModelGraph, classes: readonly string[]): string {
  return `${classes.length} classes for a network of ${numClasses(graph)} outputs`;
}
