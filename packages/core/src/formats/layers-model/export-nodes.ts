import { unreachable } from '../../errors.js';
import {
  isPlain,
  type BatchNormNode,
  type Conv2dNode,
  type DenseNode,
  type ExplicitPadding,
  type GraphNode,
  type PlainNode,
  type PoolNode,
  type Size2,
  type TensorShape,
} from '../../graph/model-graph.js';
import { plainOp } from '../../graph/plain-ops.js';
import { resolvePadding } from '../../graph/shapes.js';
import type { ModelState } from '../../params/model-state.js';
import { UnsupportedLayer } from './unsupported.js';

/** One tensor of a layer to be written. */
export interface LayerWeight {
  readonly role: string;
  readonly shape: TensorShape;
  readonly values: Float32Array;
}

/** A Keras layer to be written, without its name and inputs. */
export interface LayerDraft {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: readonly LayerWeight[];
  /** Zeros that a ZeroPadding2D must put before it. */
  readonly zeros: ExplicitPadding | null;
}

/** Inputs of a node's draft. */
export interface NodeTurn {
  /** Shape of the node's first input. */
  readonly input: TensorShape;
  /** True when the node's first input is never below 0. */
  readonly nonNegative: boolean;
  readonly state: ModelState;
}

/** The Keras layer equivalent to the node. @throws UnsupportedLayer */
export function draftOf(node: GraphNode, turn: NodeTurn): LayerDraft {
  if (isPlain(node)) return plainDraft(node);
  switch (node.op) {
    case 'input':
      return plain('InputLayer', {
        batch_input_shape: [null, ...node.shape],
        dtype: 'float32',
        sparse: false,
      });
    case 'conv2d':
      return convDraft(node, turn);
    case 'dense':
      return denseDraft(node, turn);
    case 'batchNorm':
      return normDraft(node, turn);
    case 'maxPool':
    case 'avgPool':
      return poolDraft(node, turn);
    default:
      return unreachable(node);
  }
}

function plainDraft({ op }: PlainNode): LayerDraft {
  const { className, config } = plainOp(op).keras;
  return plain(className, config);
}

/** A layer without weights. */
export function plain(className: string, config: LayerDraft['config']): LayerDraft {
  return { className, config, weights: [], zeros: null };
}

function convDraft(node: Conv2dNode, turn: NodeTurn): LayerDraft {
  const { name, filters, kernelSize, groups, useBias } = node;
  const channels = turn.input[2] ?? 0;
  const depthwise = groups > 1 && groups === channels;
  if (groups > 1 && !depthwise) {
    throw new UnsupportedLayer(
      `has ${String(groups)} groups of ${String(channels / groups)} channels; tfjs-layers knows full and depthwise convolutions only`,
    );
  }
  const { mode, zeros } = windowPadding(node, kernelSize, turn.input);
  const kernelShape = depthwise
    ? [...kernelSize, channels, filters / channels]
    : [...kernelSize, channels, filters];
  const kernel = weight(depthwise ? 'depthwise_kernel' : 'kernel', kernelShape, `${name}/kernel`, turn.state);
  return {
    className: depthwise ? 'DepthwiseConv2D' : 'Conv2D',
    config: {
      ...(depthwise ? { depth_multiplier: filters / channels } : { filters }),
      kernel_size: kernelSize,
      strides: node.strides,
      padding: mode,
      data_format: 'channels_last',
      dilation_rate: [1, 1],
      activation: 'linear',
      use_bias: useBias,
    },
    weights: [kernel, ...biasOf(node, filters, turn.state)],
    zeros,
  };
}

function denseDraft(node: DenseNode, { input, state }: NodeTurn): LayerDraft {
  const { name, units, useBias } = node;
  const kernel = weight('kernel', [input[0] ?? 0, units], `${name}/kernel`, state);
  return {
    className: 'Dense',
    config: { units, activation: 'linear', use_bias: useBias },
    weights: [kernel, ...biasOf(node, units, state)],
    zeros: null,
  };
}

function normDraft({ name, epsilon }: BatchNormNode, { input, state }: NodeTurn): LayerDraft {
  const shape = [input.at(-1) ?? 0];
  const moments = state.moments.get(name);
  return {
    className: 'BatchNormalization',
    config: { axis: -1, momentum: 0.99, epsilon, center: true, scale: true },
    weights: [
      weight('gamma', shape, `${name}/gamma`, state),
      weight('beta', shape, `${name}/beta`, state),
      { role: 'moving_mean', shape, values: moments?.mean ?? new Float32Array() },
      { role: 'moving_variance', shape, values: moments?.variance ?? new Float32Array() },
    ],
    zeros: null,
  };
}

function poolDraft(node: PoolNode, { input, nonNegative }: NodeTurn): LayerDraft {
  const { mode, zeros } = windowPadding(node, node.poolSize, input);
  if (zeros !== null && node.op === 'avgPool') {
    throw new UnsupportedLayer('pads by explicit pixels, which an AveragePooling2D would take into the mean');
  }
  if (zeros !== null && !nonNegative) {
    throw new UnsupportedLayer(
      'pads by explicit pixels, whose zeros may be larger than its input, which can be negative',
    );
  }
  return {
    className: node.op === 'maxPool' ? 'MaxPooling2D' : 'AveragePooling2D',
    config: { pool_size: node.poolSize, strides: node.strides, padding: mode, data_format: 'channels_last' },
    weights: [],
    zeros,
  };
}

/**
 * Explicit padding equal to `same` or `valid` is written as such; other padding needs a layer of zeros before
 * it. A convolution whose stride is larger than its kernel is never written as `same`: if that holds on one
 * axis only, tfjs's wasm backend (4.22) returns only zeros.
 */
function windowPadding(
  { op, padding, strides }: Conv2dNode | PoolNode,
  window: Size2,
  input: TensorShape,
): { readonly mode: 'same' | 'valid'; readonly zeros: ExplicitPadding | null } {
  const extents: Size2 = [input[0] ?? 0, input[1] ?? 0];
  const pixels = resolvePadding(padding, extents, window, strides);
  const same = resolvePadding('same', extents, window, strides);
  const skips = op === 'conv2d' && (window[0] < strides[0] || window[1] < strides[1]);
  if (padding === 'same' && !skips) return { mode: 'same', zeros: null };
  if (isNone(pixels)) return { mode: 'valid', zeros: null };
  const { top, bottom, left, right } = pixels;
  const isSame = top === same.top && bottom === same.bottom && left === same.left && right === same.right;
  return isSame && !skips ? { mode: 'same', zeros: null } : { mode: 'valid', zeros: pixels };
}

function isNone({ top, bottom, left, right }: ExplicitPadding): boolean {
  return top + bottom + left + right === 0;
}

function biasOf(
  { name, useBias }: Conv2dNode | DenseNode,
  count: number,
  state: ModelState,
): readonly LayerWeight[] {
  return useBias ? [weight('bias', [count], `${name}/bias`, state)] : [];
}

function weight(role: string, shape: TensorShape, param: string, { params }: ModelState): LayerWeight {
  return { role, shape, values: params.get(param) ?? new Float32Array() };
}
