import type { GraphNode, OpKind, ParamRole, TensorShape } from '@espalier/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Mean and population (biased) variance per channel of one batch-norm input, `[channels]` each. */
export interface BatchStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Input of a node's forward turn. */
export interface ForwardTurn<N extends GraphNode> {
  readonly node: N;
  /** With the batch in front. */
  readonly inputs: readonly Tensor[];
  readonly param: (role: ParamRole) => Tensor;
  /** Statistics to normalise by; null in training, where the batch's own are taken. */
  readonly moments: BatchStatistics | null;
}

/** Result of a forward turn. */
export interface ForwardResult {
  readonly output: Tensor;
  /** The batch's own statistics, from batch norm in training. */
  readonly statistics?: BatchStatistics;
}

/**
 * Input of a node's backward turn. The node's inputs and output are available where the op declares that it
 * keeps them.
 */
export interface BackwardTurn<N extends GraphNode> {
  readonly node: N;
  readonly input: () => Tensor;
  readonly output: () => Tensor;
  readonly inputShapes: readonly TensorShape[];
  readonly param: (role: ParamRole) => Tensor;
  readonly statistics: BatchStatistics | null;
  /** Gradient of the loss with respect to the output. */
  readonly dy: Tensor;
  /** Returns true when the gradient with respect to input `i` is wanted. */
  readonly wants: (i: number) => boolean;
}

/**
 * Result of a backward turn: gradients of the inputs, null where not wanted, and of the node's parameters.
 */
export interface BackwardResult {
  readonly inputs: readonly (Tensor | null)[];
  readonly params: Readonly<Partial<Record<ParamRole, Tensor>>>;
}

/** One op's two passes. Tensors other than those returned are disposed by the caller. */
export interface NodeOp<N extends GraphNode> {
  readonly keepsInput: boolean;
  readonly keepsOutput: boolean;
  forward(turn: ForwardTurn<N>): ForwardResult;
  backward(turn: BackwardTurn<N>): BackwardResult;
}

/** The node type that an op kind has. */
export type NodeOf<K extends OpKind> = NodeWith<GraphNode, K>;

type NodeWith<N, K> = N extends { readonly op: infer O } ? (K extends O ? N : never) : never;

/** The first input of a turn. */
export function first(inputs: readonly Tensor[]): Tensor {
  return inputs[0]!;
}
