import type { Conv2dNode, Padding } from '../../graph/model-graph.js';
import { resolvePadding } from '../../graph/shapes.js';
import { activationOf, checkLayout, countOf, flagOf, paddingOf, sizeOf2 } from './layer-config.js';
import type { JsonObject } from './json.js';
import {
  activated,
  imageInput,
  keyOf,
  onlyInput,
  valueOf,
  type LayerRule,
  type LayerTurn,
} from './layer-turn.js';
import { denseNode } from './rules-dense.js';
import { shapeAfter } from './shape-after.js';
import { UnsupportedLayer } from './unsupported.js';
import { isPadded, sumPadding, type Value } from './value.js';

/** A convolution, with groups; over a vector in the shape of one pixel a 1×1 convolution is a dense layer. */
export const conv2d: LayerRule = {
  weighted: true,
  check: (config) => {
    checkWindow(config);
    countOf(config, 'filters');
    countOf(config, 'groups', 1);
  },
  build: (turn) => {
    const input = onlyInput(turn);
    const filters = countOf(turn.config, 'filters');
    const groups = countOf(turn.config, 'groups', 1);
    const kernel = { role: 'kernel', position: 0 };
    if (input.pixel) return pixelConv(turn, input, filters, groups);
    const value = convNode(turn, imageInput(turn), { name: turn.layer, filters, groups, kernel, biasAt: 1 });
    return activated(turn.builder, value, activationOf(turn.config), `${value.node}.activation`);
  },
};

/** A convolution with as many groups as channels. */
export const depthwiseConv2d: LayerRule = {
  weighted: true,
  check: checkWindow,
  build: (turn) => {
    const input = imageInput(turn);
    const value = convNode(turn, input, {
      name: turn.layer,
      ...depthwiseCounts(turn, input),
      kernel: { role: 'depthwise_kernel', position: 0 },
      biasAt: 1,
    });
    return activated(turn.builder, value, activationOf(turn.config), `${value.node}.activation`);
  },
};

/** Its two parts: `<name>.depthwise` without a bias, then `<name>`, 1×1. */
export const separableConv2d: LayerRule = {
  weighted: true,
  check: (config) => {
    checkWindow(config);
    countOf(config, 'filters');
  },
  build: (turn) => {
    const input = imageInput(turn);
    const depthwise = convNode(turn, input, {
      name: `${turn.layer}.depthwise`,
      ...depthwiseCounts(turn, input),
      kernel: { role: 'depthwise_kernel', position: 0 },
      biasAt: null,
    });
    const pointwise = { ...turn, config: { ...turn.config, kernel_size: 1, strides: 1, padding: 'valid' } };
    const value = convNode(pointwise, depthwise, {
      name: turn.layer,
      filters: countOf(turn.config, 'filters'),
      groups: 1,
      kernel: { role: 'pointwise_kernel', position: 1 },
      biasAt: 2,
    });
    return activated(turn.builder, value, activationOf(turn.config), `${value.node}.activation`);
  },
};

interface ConvDetails {
  readonly name: string;
  readonly filters: number;
  readonly groups: number;
  readonly kernel: { readonly role: string; readonly position: number };
  /** Position of the bias among the weights; null for none. */
  readonly biasAt: number | null;
}

function convNode(turn: LayerTurn, input: Value, details: ConvDetails): Value {
  const { config, weights, builder } = turn;
  const { filters, groups, kernel, biasAt } = details;
  const channels = input.shape[2] ?? 0;
  const kernelSize = sizeOf2(config, 'kernel_size', 1);
  const useBias = biasAt !== null && flagOf(config, 'use_bias', true);
  const node: Conv2dNode = {
    op: 'conv2d',
    name: builder.uniqueName(details.name),
    inputs: [input.node],
    filters,
    kernelSize,
    strides: sizeOf2(config, 'strides', 1),
    padding: convPadding(config, input),
    groups,
    useBias,
  };
  const shape = shapeAfter(node, input.shape);
  // Keras's depthwise kernel [h, w, channels, multiplier] has the order of the graph's [h, w, 1, filters].
  const kernelShape =
    kernel.role === 'depthwise_kernel'
      ? [...kernelSize, channels, filters / channels]
      : [...kernelSize, channels / groups, filters];
  const params = new Map([
    ['kernel', weights.values(keyOf(turn, kernel.role, kernel.position), kernelShape)],
  ]);
  if (useBias) params.set('bias', weights.values(keyOf(turn, 'bias', biasAt), [filters]));
  builder.add(node, params);
  return valueOf(node.name, shape);
}

function pixelConv(turn: LayerTurn, input: Value, filters: number, groups: number): Value {
  const [height, width] = sizeOf2(turn.config, 'kernel_size', 1);
  if (height * width * groups !== 1 || isPadded(input)) {
    throw new UnsupportedLayer(
      'its input is a vector in the shape of one pixel, which only a 1×1 convolution can take',
    );
  }
  return denseNode(turn, input, filters, [1, 1, input.shape[2] ?? 0, filters]);
}

/** tfjs does not write the multiplier of separable convolutions, so the kernel's own shape decides. */
function depthwiseCounts(
  turn: LayerTurn,
  { shape }: Value,
): { readonly filters: number; readonly groups: number } {
  const channels = shape[2] ?? 0;
  const stored = turn.weights.shapeOf(keyOf(turn, 'depthwise_kernel', 0))?.[3];
  const multiplier = stored ?? countOf(turn.config, 'depth_multiplier', 1);
  return { filters: channels * multiplier, groups: channels };
}

function convPadding(config: JsonObject, input: Value): Padding {
  const padding = paddingOf(config);
  if (!isPadded(input)) return padding;
  const [height = 0, width = 0] = input.shape;
  const { top, bottom, left, right } = input.padding;
  const own = resolvePadding(
    padding,
    [height + top + bottom, width + left + right],
    sizeOf2(config, 'kernel_size', 1),
    sizeOf2(config, 'strides', 1),
  );
  return sumPadding(input.padding, own);
}

function checkWindow(config: JsonObject): void {
  checkLayout(config);
  sizeOf2(config, 'kernel_size', 1);
  sizeOf2(config, 'strides', 1);
  paddingOf(config);
  flagOf(config, 'use_bias', true);
  activationOf(config);
}
