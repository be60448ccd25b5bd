/**
 * The one intermediate representation of a network. It is the single source for the engine's plan, the tfjs model,
 * MAC and memory accounting and every export. Activations are `[height, width, channels]` or `[features]`, without
 * the batch; kernels are `[kh, kw, inChannels / groups, filters]`; dense kernels are `[inFeatures, units]`.
 */

import { isPlainOp, type PlainOpKind } from './plain-ops.js';

/** A tensor's shape without its batch dimension: `[h, w, c]` or `[features]`. */
export type TensorShape = readonly number[];

/** Zero padding in pixels on each side. */
export interface ExplicitPadding {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * `same` and `valid` as TensorFlow defines them (at stride 2, `same` pads the far side first), or explicit pixels.
 * Padding is zero for convolutions and ignored by pooling (max over, and average over, real pixels only).
 */
export type Padding = 'same' | 'valid' | ExplicitPadding;

/** Height and width. */
export type Size2 = readonly [number, number];

interface NodeBase {
  /** Unique in the graph; the prefix of its parameters' names. Letters, digits, `_`, `-`, `.` and `/`. */
  readonly name: string;
  /** Names of the nodes whose outputs it reads; all of them come earlier in the list. */
  readonly inputs: readonly string[];
}

/** The network's single input. */
export interface InputNode extends NodeBase {
  readonly op: 'input';
  readonly shape: TensorShape;
}

/** Cross-correlation with `groups`; depthwise is `groups === inChannels`. Parameters: `kernel`, maybe `bias`. */
export interface Conv2dNode extends NodeBase {
  readonly op: 'conv2d';
  readonly filters: number;
  readonly kernelSize: Size2;
  readonly strides: Size2;
  readonly padding: Padding;
  readonly groups: number;
  readonly useBias: boolean;
}

/** `y = x·W + b`. Parameters: `kernel`, maybe `bias`. */
export interface DenseNode extends NodeBase {
  readonly op: 'dense';
  readonly units: number;
  readonly useBias: boolean;
}

/** Batch normalisation over the last axis. Parameters `gamma`, `beta`; state: running mean and variance. */
export interface BatchNormNode extends NodeBase {
  readonly op: 'batchNorm';
  readonly epsilon: number;
  /** Initial gamma: 1, or 0 for the last norm of a residual branch (Goyal et al. 2017, §5.1). */
  readonly initialGamma: number;
}

/** Max or average pooling over windows. */
export interface PoolNode extends NodeBase {
  readonly op: 'maxPool' | 'avgPool';
  readonly poolSize: Size2;
  readonly strides: Size2;
  readonly padding: Padding;
}

/** An op without attributes: {@link PLAIN_OPS} describes each. */
export interface PlainNode extends NodeBase {
  readonly op: PlainOpKind;
}

/** One named operation. */
export type GraphNode = InputNode | Conv2dNode | DenseNode | BatchNormNode | PoolNode | PlainNode;

/** The kind of a node. */
export type OpKind = GraphNode['op'];

/** True when a node is an op without attributes. */
export function isPlain(node: GraphNode): node is PlainNode {
  return isPlainOp(node.op);
}

/** A network: nodes in topological order, the first of which is the input; `output` gives the logits. */
export interface ModelGraph {
  /** For people: `resnet18-w16`. */
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  /** The node whose output is the logits, shape `[classes]`; softmax belongs to the loss. */
  readonly output: string;
  /**
   * Named groups of node names in forward order, for schedules that adjust a block at a time.
   * Empty: every maskable layer is its own block.
   */
  readonly blocks: readonly GraphBlock[];
}

/** A run of layers that a block-wise schedule treats as one. */
export interface GraphBlock {
  readonly name: string;
  readonly nodes: readonly string[];
}
