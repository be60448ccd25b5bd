import {
  checkState,
  EspalierError,
  numClasses,
  type Mask,
  type ModelGraph,
  type ModelState,
  type Normalization,
  printable,
} from '@espalier/core';
import { decodeValues, encodeValues, type ValueCoding } from '@espalier/core/formats';
import { wireContext } from '../codec/context.js';
import { decoding, malformed } from '../failure.js';
import { valueKind } from '../codec/enums.js';
import { decodeGraph, encodeGraph } from '../codec/graph-codec.js';
import { decodeNormalization, encodeNormalization } from '../codec/job-codec.js';
import { decodeMask, encodeMask } from '../codec/mask-codec.js';
import { decodeMoments, encodeMoments } from '../codec/moments-codec.js';
import { readWire, v1, writeWire } from '../wire.js';
import { openEnvelope, sealEnvelope } from './envelope.js';
import { BUNDLE_BOUNDS } from '../codec/bounds.js';
import { checkBounds } from '../codec/check-bounds.js';

/** A sparse model with all that is needed to use it, as one file. */
export interface ModelBundle {
  readonly graph: ModelGraph;
  readonly mask: Mask;
  readonly state: ModelState;
  /** Label i is classes[i]. */
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  /** Origin of the model: job, method, seed … */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Encodes a bundle as a file. Active weights and always-dense parameters are written in the coding (default
 * float32, to the bit); moments are kept to the bit; inactive weights are not stored. Equal bundles give
 * equal bytes.
 * @throws EspalierError `invalid_graph`, `invalid_mask`, `invalid_params` or `invalid_argument` when the
 * parts do not belong together.
 */
export function encodeBundle(bundle: ModelBundle, coding: ValueCoding = FLOAT32): Uint8Array {
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
      values: encodeValues(graph, mask, state.params, coding),
      moments: encodeMoments(state.moments, wireContext(graph)),
      classes: [...classes],
      normalization: encodeNormalization(normalization),
      metadata: sortedMetadata(metadata),
      ...(coding.kind === 'float32' ? {} : { coding: encodeCoding(coding) }),
    }),
    coding.kind === 'float32' ? 1 : 2,
  );
}

/**
 * The model of a file; inactive weights are 0.
 * @throws EspalierError `malformed_message` when it is not a bundle, or one of another format version;
 * `transfer_corrupt` when its bytes are not those that were written; `not_finite`, `wrong_length`.
 */
export function decodeBundle(bytes: Uint8Array): ModelBundle {
  const payload = openEnvelope(bytes);
  return decoding('a bundle', () => {
    checkBounds(payload, BUNDLE_BOUNDS);
    return readBundle(readWire(v1.Bundle, payload));
  });
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
      params: decodeValues(graph, mask, wire.values ?? new Uint8Array(0), decodeCoding(wire.coding)),
      moments: decodeMoments(wire.moments, context),
    },
    classes,
    normalization: decodeNormalization(wire.normalization),
    metadata: Object.fromEntries(metadata.map(({ name = '', value = '' }) => [name, printable(value)])),
  };
}

const FLOAT32: ValueCoding = { kind: 'float32' };

function encodeCoding(coding: ValueCoding): v1.ValueCoding.$Properties {
  const kind = valueKind.toNumber(coding.kind);
  return coding.kind === 'levels' ? { kind, quantizer: coding.quantizer, bits: coding.bits } : { kind };
}

function decodeCoding(wire: v1.ValueCoding.$Shape | null | undefined): ValueCoding {
  if (!wire) return FLOAT32;
  const kind = valueKind.toWord(wire.kind);
  return kind === 'levels' ? { kind, quantizer: wire.quantizer ?? '', bits: wire.bits ?? 0 } : { kind };
}

function sortedMetadata(metadata: Readonly<Record<string, string>>): v1.Metadata.$Properties[] {
  return Object.keys(metadata)
    .sort()
    .map((name) => ({ name, value: metadata[name] ?? '' }));
}

function classesProblem(graph: ModelGraph, classes: readonly string[]): string {
  return `${classes.length} classes for a network of ${numClasses(graph)} outputs`;
}
