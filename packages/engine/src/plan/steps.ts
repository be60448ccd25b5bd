import type { BatchNormNode, ModelGraph } from '@espalier/core';
import type { Tensor } from './tensor.js';

/** A layer with weights: a convolution, or a dense layer as a 1×1 convolution of one position. */
export interface WeightedStep {
  readonly kind: 'weighted';
  readonly node: string;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padTop: number;
  readonly padLeft: number;
  readonly groups: number;
  readonly hasBias: boolean;
}

/** One term of a join: a value, perhaps through a batch norm of its own. */
export interface JoinTerm {
  readonly source: Tensor;
  readonly norm: BatchNormNode | null;
  /** True when the source is a layer's output that nothing else reads: its gradient may take its place. */
  readonly inPlace: boolean;
}

/** `activation(term [+ term])`: batch norm, addition and activation in one pass. */
export interface JoinStep {
  readonly kind: 'join';
  readonly terms: readonly JoinTerm[];
  /** 0 none, 1 relu, 2 relu6. */
  readonly activation: 0 | 1 | 2;
  readonly z: Tensor;
}

/** Max or average over windows; global pooling is one window. */
export interface PoolStep {
  readonly kind: 'pool';
  readonly average: boolean;
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padTop: number;
  readonly padLeft: number;
  readonly x: Tensor;
  readonly z: Tensor;
}

/** An image as features in [h, w, c] order. */
export interface FlattenStep {
  readonly kind: 'flatten';
  readonly x: Tensor;
  readonly z: Tensor;
}

/** Channels side by side. */
export interface ConcatStep {
  readonly kind: 'concat';
  readonly sources: readonly Tensor[];
  readonly z: Tensor;
}

/** One unit of the plan. */
export type Step = WeightedStep | JoinStep | PoolStep | FlattenStep | ConcatStep;

/** A network as the planner sees it. */
export interface LoweredModel {
  readonly graph: ModelGraph;
  readonly input: Tensor;
  readonly output: Tensor;
  readonly tensors: readonly Tensor[];
  readonly steps: readonly Step[];
}

/** The tensors a step reads. */
export function sourcesOf(step: Step): readonly Tensor[] {
  if (step.kind === 'join') return step.terms.map((term) => term.source);
  return step.kind === 'concat' ? step.sources : [step.x];
}
