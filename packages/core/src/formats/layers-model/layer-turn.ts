import type { TensorShape } from '../../graph/model-graph.js';
import { isList, shown, type JsonObject } from './json.js';
import type { KerasActivation } from './layer-config.js';
import type { GraphBuilder } from './graph-builder.js';
import { UnsupportedLayer } from './unsupported.js';
import { isPadded, NO_PADDING, type Value } from './value.js';
import type { WeightKey, WeightStore } from './weight-store.js';

/** Inputs of a layer's rule. */
export interface LayerTurn {
  /** The layer's name in the file, by which its weights are found. */
  readonly layer: string;
  readonly config: JsonObject;
  readonly inputs: readonly Value[];
  readonly weights: WeightStore;
  readonly builder: GraphBuilder;
}

/** Way to turn layers of one class into nodes. */
export interface LayerRule {
  /** True for layers with numbers of their own, which the graph cannot share between two calls. */
  readonly weighted: boolean;
  /** Checks the layer on its own. @throws UnsupportedLayer */
  readonly check: (config: JsonObject) => void;
  /** Adds the nodes. @throws UnsupportedLayer, EspalierError `invalid_params` */
  readonly build: (turn: LayerTurn) => Value;
}

/** The only input. @throws UnsupportedLayer */
export function onlyInput({ inputs }: LayerTurn): Value {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw new UnsupportedLayer(`reads ${String(inputs.length)} tensors`);
  return input;
}

/** The only input, where zeros around it would go wrong. @throws UnsupportedLayer */
export function unpaddedInput(turn: LayerTurn): Value {
  const input = onlyInput(turn);
  checkUnpadded(input);
  return input;
}

/** @throws UnsupportedLayer */
export function checkUnpadded(input: Value): void {
  if (isPadded(input))
    throw new UnsupportedLayer(
      'a ZeroPadding2D stands before it, which only a convolution or a max-pool can take in',
    );
}

/** The only input, an image of real pixels; zeros around it are allowed. @throws UnsupportedLayer */
export function imageInput(turn: LayerTurn): Value {
  const input = onlyInput(turn);
  if (input.shape.length !== 3)
    throw new UnsupportedLayer(`its input is [${String(input.shape)}], not an image`);
  if (input.pixel) throw new UnsupportedLayer('its input is a vector in the shape of one pixel');
  return input;
}

/** Refuses an axis that is not the last. @throws UnsupportedLayer */
export function checkLastAxis(config: JsonObject, key: string, rank: number): void {
  const value = config[key] ?? -1;
  const axis = isList(value) && value.length === 1 ? value[0] : value;
  // Axis 0 is the batch, so the last of an image is 3.
  if (axis !== -1 && axis !== rank)
    throw new UnsupportedLayer(`${key} ${shown(value)}, which is not the last`);
}

/** The key of one of the layer's weights. */
export function keyOf({ layer }: LayerTurn, role: string, position: number): WeightKey {
  return { layer, role, position };
}

/** The plain value of a node. */
export function valueOf(node: string, shape: TensorShape, nonNegative = false): Value {
  return { node, shape, pixel: false, padding: NO_PADDING, nonNegative, softmax: false };
}

/** The value after the activation. `name` is the node's, if one is needed. */
export function activated(
  builder: GraphBuilder,
  value: Value,
  activation: KerasActivation,
  name: string,
): Value {
  switch (activation) {
    case 'linear':
      return value;
    case 'softmax':
      return { ...value, softmax: true };
    default: {
      const node = builder.uniqueName(name);
      builder.add({ op: activation, name: node, inputs: [value.node] });
      return { ...value, node, nonNegative: true };
    }
  }
}
