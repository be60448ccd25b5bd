import {
  Mask,
  type LayerMask,
  type MaskDeltaLayer,
  type MaskReference,
  type MaskUpdate,
} from '@espalier/core';
import { v1 } from '../wire.js';
import { layerAt, positionOf, type WireContext } from './context.js';
import { malformed } from '../failure.js';
import { bytesToHash, hashToBytes } from './hashes.js';
import { decodeIndexList, decodeIndexLists, encodeIndexList, encodeIndexLists } from './indices-codec.js';
import { required, toUint32 } from './numbers.js';

/** A whole mask. */
export function encodeMask({ version, parent, layers }: Mask): v1.Mask.$Properties {
  return {
    version: toUint32(version, 'mask version'),
    parent: parent === null ? null : hashToBytes(parent, 'parent hash'),
    layers: encodeLayers(layers),
  };
}

/**
 * The mask; it has the maskable layers of the graph, all of them.
 * @throws EspalierError `malformed_message`.
 */
export function decodeMask(wire: v1.Mask.$Shape | null | undefined, context: WireContext): Mask {
  const { version = 0, parent = null, layers } = required(wire, 'the mask');
  return new Mask(decodeLayers(layers, context), {
    version,
    parent: parent === null ? null : bytesToHash(parent, 'parent hash'),
  });
}

/** Layers of a mask, or of a pool's union. */
export function encodeLayers(layers: readonly LayerMask[]): v1.LayerMask.$Properties[] {
  return layers.map(({ name, size, active }) => ({ name, size, active: encodeIndexList(active, size) }));
}

/** The graph's maskable layers, in its order. @throws EspalierError `malformed_message`. */
export function decodeLayers(
  layers: readonly v1.LayerMask.$Shape[] = [],
  { layers: expected }: WireContext,
): LayerMask[] {
  if (layers.length !== expected.length) {
    throw malformed(`a mask of ${layers.length} layers; the graph has ${expected.length} maskable ones`);
  }
  return expected.map(({ name, size }, i) => {
    const layer = layers[i]!;
    if (layer.name !== name || layer.size !== size) {
      throw malformed(
        `mask layer ${i} is ${layer.name ?? ''} of ${layer.size ?? 0}; expected ${name} of ${size}`,
      );
    }
    return { name, size, active: decodeIndexList(layer.active, size) };
  });
}

/** A mask's name. */
export function encodeReference({ version, hash }: MaskReference): v1.MaskReference.$Properties {
  return { version: toUint32(version, 'mask version'), hash: hashToBytes(hash, 'mask hash') };
}

/** @throws EspalierError `malformed_message`. */
export function decodeReference(wire: v1.MaskReference.$Shape | null | undefined): MaskReference {
  const { version = 0, hash } = required(wire, 'the mask reference');
  return { version, hash: bytesToHash(hash, 'mask hash') };
}

/** Writes the step to the mask that is meant. */
export function encodeMaskUpdate(update: MaskUpdate, context: WireContext): v1.MaskUpdate.$Properties {
  switch (update.kind) {
    case 'unchanged':
      return { unchanged: {} };
    case 'full':
      return { full: encodeMask(update.mask) };
    case 'delta':
      return { delta: encodeMaskDelta(update.parent, update.layers, context) };
  }
}

/** Changes to the mask of that hash. */
export function encodeMaskDelta(
  parent: string,
  layers: readonly MaskDeltaLayer[],
  context: WireContext,
): v1.MaskDelta.$Properties {
  return { parent: hashToBytes(parent, 'parent hash'), ...encodeDelta(layers, context) };
}

/** @throws EspalierError `malformed_message`. Whether it fits the mask it names is the receiver's to check. */
export function decodeMaskDelta(
  wire: v1.MaskDelta.$Shape,
  context: WireContext,
): { readonly parent: string; readonly layers: MaskDeltaLayer[] } {
  return { parent: bytesToHash(wire.parent, 'parent hash'), layers: decodeDelta(wire, context) };
}

/** @throws EspalierError `malformed_message`. Whether a delta fits the mask it names is the receiver's to check. */
export function decodeMaskUpdate(
  wire: v1.MaskUpdate.$Shape | null | undefined,
  context: WireContext,
): MaskUpdate {
  const update = required(wire, 'the mask update');
  switch (update.kind) {
    case 'unchanged':
      return { kind: 'unchanged' };
    case 'full':
      return { kind: 'full', mask: decodeMask(update.full, context) };
    case 'delta':
      return { kind: 'delta', ...decodeMaskDelta(update.delta, context) };
    case undefined:
      throw malformed('the mask update is of no kind');
  }
}

function encodeDelta(layers: readonly MaskDeltaLayer[], context: WireContext): v1.MaskDelta.$Properties {
  const positions = layers.map(({ name }) => positionOf(context, name));
  const sizes = positions.map((position) => layerAt(context, position).size);
  return {
    layers: positions,
    dropped: encodeIndexLists(
      layers.map(({ dropped }) => dropped),
      sizes,
    ),
    grown: encodeIndexLists(
      layers.map(({ grown }) => grown),
      sizes,
    ),
  };
}

function decodeDelta(wire: v1.MaskDelta.$Shape, context: WireContext): MaskDeltaLayer[] {
  const positions = wire.layers ?? [];
  // Ascending, hence distinct: no layer can be expanded twice.
  if (positions.some((position, i) => i > 0 && position <= positions[i - 1]!)) {
    throw malformed('the layers of a mask delta are not in ascending order');
  }
  const specs = positions.map((position) => layerAt(context, position));
  const sizes = specs.map(({ size }) => size);
  const dropped = decodeIndexLists(wire.dropped, sizes);
  const grown = decodeIndexLists(wire.grown, sizes);
  return specs.map(({ name }, i) => ({ name, dropped: dropped[i]!, grown: grown[i]! }));
}
