import type { ExplicitPadding, Padding, PoolNode, TensorShape } from '../../graph/model-graph.js';
import type { PlainOpKind } from '../../graph/plain-ops.js';
import { sizeOf } from '../../graph/shapes.js';
import { activationOf, checkLayout, flagOf, isWhole, paddingOf, sizeOf2 } from './layer-config.js';
import { isList, shown, type JsonObject } from './json.js';
import {
  activated,
  checkLastAxis,
  checkUnpadded,
  imageInput,
  onlyInput,
  unpaddedInput,
  valueOf,
  type LayerRule,
  type LayerTurn,
} from './layer-turn.js';
import { shapeAfter } from './shape-after.js';
import { UnsupportedLayer } from './unsupported.js';
import { isPadded, sumPadding, type Value } from './value.js';

/** The network's only input; Keras 3 calls its shape `batch_shape`, Keras 2 `batch_input_shape`. */
export const inputLayer: LayerRule = {
  weighted: false,
  check: (config) => {
    inputShapeOf(config);
  },
  build: ({ layer, config, builder }) => {
    const shape = inputShapeOf(config);
    const name = builder.uniqueName(layer);
    builder.add({ op: 'input', name, inputs: [], shape });
    return valueOf(name, shape);
  },
};

/** Layers that do nothing in inference: dropout and noise. */
export const identity: LayerRule = { weighted: false, check: () => undefined, build: onlyInput };

/** `Activation`. */
export const activation: LayerRule = {
  weighted: false,
  check: activationOf,
  build: (turn) => {
    const input = onlyInput(turn);
    return activated(turn.builder, input, activationOf(turn.config), turn.layer);
  },
};

/** `ReLU`, unbounded or up to 6. */
export const relu: LayerRule = {
  weighted: false,
  check: reluKind,
  build: (turn) => activated(turn.builder, onlyInput(turn), reluKind(turn.config), turn.layer),
};

/** `Softmax` over the classes; taken off at the end. */
export const softmax: LayerRule = {
  weighted: false,
  check: () => undefined,
  build: (turn) => {
    const input = unpaddedInput(turn);
    checkLastAxis(turn.config, 'axis', input.shape.length);
    return { ...input, softmax: true };
  },
};

/** Sum of tensors of one shape. */
export const add: LayerRule = {
  weighted: false,
  check: () => undefined,
  build: (turn) => joined(turn, 'add'),
};

/** Join along the channels. */
export const concatenate: LayerRule = {
  weighted: false,
  check: () => undefined,
  build: (turn) => {
    checkLastAxis(turn.config, 'axis', turn.inputs[0]?.shape.length ?? 0);
    return joined(turn, 'concat');
  },
};

/** Max-pooling. */
export const maxPooling2d: LayerRule = poolRule('maxPool');

/** Average pooling over real pixels. */
export const averagePooling2d: LayerRule = poolRule('avgPool');

/** An image as a vector, in `[h, w, c]` order. */
export const flatten: LayerRule = {
  weighted: false,
  check: checkLayout,
  build: (turn) => flattened(turn, unpaddedInput(turn)),
};

/** Reshapes that flatten, do nothing, or turn a vector into one pixel or back. */
export const reshape: LayerRule = {
  weighted: false,
  check: (config) => {
    if (!isList(config.target_shape))
      throw new UnsupportedLayer(`target_shape ${shown(config.target_shape)}`);
  },
  build: (turn) => {
    const input = unpaddedInput(turn);
    const target = targetShape(turn.config.target_shape, input.shape);
    if (String(target) === String(input.shape)) return input;
    if (target.length === 1) return flattened(turn, input);
    const pixel = input.shape.length === 1 && String(target) === `1,1,${String(input.shape[0])}`;
    if (pixel) return { ...input, shape: target, pixel: true };
    throw new UnsupportedLayer(
      `reshapes [${String(input.shape)}] to ${shown(turn.config.target_shape)}; only flattening reshapes can be taken over`,
    );
  },
};

/** Zeros around an image, which the convolution or max-pool behind it takes into its padding. */
export const zeroPadding2d: LayerRule = {
  weighted: false,
  check: (config) => {
    checkLayout(config);
    pixelsOf(config);
  },
  build: (turn) => {
    const input = imageInput(turn);
    return { ...input, padding: sumPadding(input.padding, pixelsOf(turn.config)) };
  },
};

function inputShapeOf(config: JsonObject): TensorShape {
  const whole = config.batch_shape ?? config.batch_input_shape;
  const shape = isList(whole) ? whole.slice(1) : [];
  if (shape.length > 0 && shape.every((extent): extent is number => isWhole(extent) && extent >= 1))
    return shape;
  throw new UnsupportedLayer(
    `shape ${shown(whole)} leaves extents open; save the model with a fixed input size`,
  );
}

function reluKind(config: JsonObject): 'relu' | 'relu6' {
  for (const key of ['negative_slope', 'threshold']) {
    const value = config[key] ?? 0;
    if ((isList(value) ? value : [value]).some((entry) => entry !== 0)) {
      throw new UnsupportedLayer(`${key} ${shown(value)}`);
    }
  }
  const bound = config.max_value ?? null;
  if (bound !== null && bound !== 6) throw new UnsupportedLayer(`max_value ${shown(bound)}`);
  return bound === null ? 'relu' : 'relu6';
}

function joined(turn: LayerTurn, op: 'add' | 'concat'): Value {
  const { inputs, builder, layer } = turn;
  const [first] = inputs;
  if (first === undefined || inputs.length < 2)
    throw new UnsupportedLayer(`joins ${String(inputs.length)} tensors`);
  inputs.forEach(checkUnpadded);
  const leading = (shape: TensorShape): string => String(op === 'add' ? shape : shape.slice(0, -1));
  const odd = inputs.find(
    ({ shape, pixel }) => leading(shape) !== leading(first.shape) || pixel !== first.pixel,
  );
  if (odd) throw new UnsupportedLayer(`joins [${String(first.shape)}] and [${String(odd.shape)}]`);
  const node = builder.uniqueName(layer);
  builder.add({ op, name: node, inputs: inputs.map((input) => input.node) });
  const channels = inputs.reduce((sum, { shape }) => sum + (shape.at(-1) ?? 0), 0);
  const shape = op === 'add' ? first.shape : [...first.shape.slice(0, -1), channels];
  return { ...first, node, shape, nonNegative: inputs.every(({ nonNegative }) => nonNegative) };
}

function poolRule(op: PoolNode['op']): LayerRule {
  return {
    weighted: false,
    check: (config) => {
      checkLayout(config);
      sizeOf2(config, 'pool_size', 2);
      sizeOf2(config, 'strides', 1);
      paddingOf(config);
    },
    build: (turn) => {
      const { config, builder, layer } = turn;
      const input = imageInput(turn);
      const poolSize = sizeOf2(config, 'pool_size', 2);
      const node: PoolNode = {
        op,
        name: builder.uniqueName(layer),
        inputs: [input.node],
        poolSize,
        strides: sizeOf2(config, 'strides', poolSize),
        padding: poolPadding(op, input, paddingOf(config), poolSize),
      };
      builder.add(node);
      return valueOf(node.name, shapeAfter(node, input.shape), input.nonNegative);
    },
  };
}

/** A pool of the graph leaves padding out, where Keras takes the zeros of a ZeroPadding2D for pixels. */
function poolPadding(
  op: PoolNode['op'],
  input: Value,
  padding: 'same' | 'valid',
  [height, width]: readonly [number, number],
): Padding {
  if (!isPadded(input)) return padding;
  const { top, bottom, left, right } = input.padding;
  if (op === 'avgPool') throw new UnsupportedLayer('averages over the zeros of a ZeroPadding2D');
  if (padding === 'same') throw new UnsupportedLayer('padding "same" after a ZeroPadding2D');
  if (!input.nonNegative) throw new UnsupportedLayer('the zeros of a ZeroPadding2D may be its maximum');
  if (Math.max(top, bottom) >= height || Math.max(left, right) >= width) {
    throw new UnsupportedLayer('the ZeroPadding2D before it is as wide as its window');
  }
  return input.padding;
}

/** A pool over all pixels, whose channels become features. */
export function globalPooling(op: PlainOpKind): LayerRule {
  return {
    weighted: false,
    check: (config) => {
      checkLayout(config);
      flagOf(config, 'keepdims', false);
    },
    build: (turn) => {
      const input = unpaddedInput(turn);
      const channels = input.shape.at(-1) ?? 0;
      const keepsPixel = flagOf(turn.config, 'keepdims', false);
      const shape = keepsPixel ? [1, 1, channels] : [channels];
      if (input.pixel) return { ...input, shape, pixel: keepsPixel };
      const image = imageInput(turn);
      const node = turn.builder.uniqueName(turn.layer);
      turn.builder.add({ op, name: node, inputs: [image.node] });
      return { ...image, node, shape, pixel: keepsPixel };
    },
  };
}

function flattened({ builder, layer }: LayerTurn, input: Value): Value {
  const shape = [sizeOf(input.shape)];
  if (input.shape.length === 1 || input.pixel) return { ...input, shape, pixel: false };
  const node = builder.uniqueName(layer);
  builder.add({ op: 'flatten', name: node, inputs: [input.node] });
  return { ...input, node, shape };
}

/** The shape with its −1, if any, worked out. */
function targetShape(target: unknown, input: TensorShape): TensorShape {
  const extents = isList(target) ? target.filter(isWhole) : [];
  const known = extents.filter((extent) => extent !== -1);
  const rest = sizeOf(input) / sizeOf(known);
  return extents.map((extent) => (extent === -1 ? rest : extent));
}

function pixelsOf(config: JsonObject): ExplicitPadding {
  const value = config.padding ?? 1;
  const [rows, columns] = isList(value) ? value : [value, value];
  const [top, bottom] = isList(rows) ? rows : [rows, rows];
  const [left, right] = isList(columns) ? columns : [columns, columns];
  if ([top, bottom, left, right].every((pixels) => isWhole(pixels) && pixels >= 0)) {
    return { top: Number(top), bottom: Number(bottom), left: Number(left), right: Number(right) };
  }
  throw new UnsupportedLayer(`padding ${shown(value)}`);
}
