import {
  isPlain,
  unreachable,
  type GraphNode,
  type Padding,
  type PoolNode,
  type Size2,
} from '@espalier/core';
import { v1 } from '../wire.js';
import { paddingMode, plainOp } from './enums.js';
import { malformed } from '../failure.js';
import { atLeastOne, finite, nonNegative, required, toUint32 } from './numbers.js';

/** Most inputs of one node: keeps the work of checking shapes in proportion to the message. */
const MAX_INPUTS = 256;

/** One node as it travels. */
export function encodeNode(node: GraphNode): v1.GraphNode.$Properties {
  return { name: node.name, inputs: [...node.inputs], ...encodeOp(node) };
}

/** @throws EspalierError `malformed_message`, `not_finite`. Whether the node fits the graph is not checked here. */
export function decodeNode(wire: v1.GraphNode.$Shape): GraphNode {
  const { name = '', inputs = [] } = wire;
  if (inputs.length > MAX_INPUTS)
    throw malformed(`node ${name} has ${inputs.length} inputs, over ${MAX_INPUTS}`);
  const base = { name, inputs };
  switch (wire.op) {
    case 'input':
      return { ...base, op: 'input', shape: decodeShape(wire.input.shape) };
    case 'conv2d':
      return { ...base, op: 'conv2d', ...decodeConv(wire.conv2d) };
    case 'dense':
      return { ...base, op: 'dense', units: wire.dense.units ?? 0, useBias: wire.dense.useBias ?? false };
    case 'batchNorm':
      return { ...base, op: 'batchNorm', ...decodeNorm(wire.batchNorm) };
    case 'maxPool':
      return { ...base, op: 'maxPool', ...decodePool(wire.maxPool) };
    case 'avgPool':
      return { ...base, op: 'avgPool', ...decodePool(wire.avgPool) };
    case 'plain':
      return { ...base, op: plainOp.toWord(wire.plain) };
    case undefined:
      throw malformed(`node ${name} has no op`);
    default:
      return unreachable(wire);
  }
}

function encodeOp(node: GraphNode): v1.GraphNode.$Properties {
  if (isPlain(node)) return { plain: plainOp.toNumber(node.op) };
  switch (node.op) {
    case 'input':
      return { input: { shape: node.shape.map((extent) => toUint32(extent, `${node.name} shape`)) } };
    case 'conv2d':
      return {
        conv2d: {
          filters: toUint32(node.filters, `${node.name} filters`),
          kernelSize: encodeSize(node.kernelSize, node.name),
          strides: encodeSize(node.strides, node.name),
          padding: encodePadding(node.padding, node.name),
          groups: toUint32(node.groups, `${node.name} groups`),
          useBias: node.useBias,
        },
      };
    case 'dense':
      return { dense: { units: toUint32(node.units, `${node.name} units`), useBias: node.useBias } };
    case 'batchNorm':
      return { batchNorm: { epsilon: node.epsilon, initialGamma: node.initialGamma } };
    case 'maxPool':
      return { maxPool: encodePool(node) };
    case 'avgPool':
      return { avgPool: encodePool(node) };
    default:
      return unreachable(node);
  }
}

function encodePool({ name, poolSize, strides, padding }: PoolNode): v1.Pool.$Properties {
  return {
    poolSize: encodeSize(poolSize, name),
    strides: encodeSize(strides, name),
    padding: encodePadding(padding, name),
  };
}

function encodeSize([height, width]: Size2, name: string): v1.Size2.$Properties {
  return { height: toUint32(height, `${name} height`), width: toUint32(width, `${name} width`) };
}

function encodePadding(padding: Padding, name: string): v1.Padding.$Properties {
  if (typeof padding === 'string') return { mode: paddingMode.toNumber(padding) };
  const pixels = (side: keyof typeof padding): number => toUint32(padding[side], `${name} padding`);
  return {
    explicit: { top: pixels('top'), bottom: pixels('bottom'), left: pixels('left'), right: pixels('right') },
  };
}

function decodeShape(shape: readonly number[] = []): readonly number[] {
  if (shape.length === 1 || shape.length === 3) return shape;
  throw malformed(`an input of ${shape.length} dimensions; expected [height, width, channels] or [features]`);
}

function decodeConv({ filters, kernelSize, strides, padding, groups, useBias }: v1.Conv2d.$Shape) {
  return {
    filters: atLeastOne(filters, 'filters'),
    kernelSize: decodeSize(kernelSize, 'kernel size'),
    strides: decodeSize(strides, 'strides'),
    padding: decodePadding(padding),
    groups: atLeastOne(groups, 'groups'),
    useBias: useBias ?? false,
  };
}

function decodeNorm({ epsilon, initialGamma }: v1.BatchNorm.$Shape) {
  return { epsilon: nonNegative(epsilon, 'epsilon'), initialGamma: finite(initialGamma, 'initial gamma') };
}

function decodePool({ poolSize, strides, padding }: v1.Pool.$Shape) {
  return {
    poolSize: decodeSize(poolSize, 'pool size'),
    strides: decodeSize(strides, 'strides'),
    padding: decodePadding(padding),
  };
}

function decodeSize(size: v1.Size2.$Shape | null | undefined, what: string): Size2 {
  const { height, width } = required(size, what);
  return [atLeastOne(height, what), atLeastOne(width, what)];
}

function decodePadding(padding: v1.Padding.$Shape | null | undefined): Padding {
  const wire = required(padding, 'padding');
  if (wire.kind === 'mode') return paddingMode.toWord(wire.mode);
  const { top = 0, bottom = 0, left = 0, right = 0 } = required(wire.explicit, 'padding');
  return { top, bottom, left, right };
}
