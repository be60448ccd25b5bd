import type { ExplicitPadding, TensorShape } from '../../graph/model-graph.js';

/** Counterpart of a Keras tensor in the graph being built. */
export interface Value {
  /** The node that gives it. */
  readonly node: string;
  /**
   * Shape as Keras sees it, before `padding`. A vector may pass as `[1, 1, channels]`; its node is
   * `[channels]`.
   */
  readonly shape: TensorShape;
  /** True for a vector that passes as an image of one pixel. */
  readonly pixel: boolean;
  /** Zeros around it that the next layer must take into its own padding. */
  readonly padding: ExplicitPadding;
  /** True when no entry can be below 0, so that zeros around it cannot win a maximum. */
  readonly nonNegative: boolean;
  /** True after a softmax, which only the model's end may have. */
  readonly softmax: boolean;
}

/** No zeros around. */
export const NO_PADDING: ExplicitPadding = { top: 0, bottom: 0, left: 0, right: 0 };

/** True where a value is surrounded by zeros that no layer has taken yet. */
export function isPadded({ padding }: Value): boolean {
  return padding.top + padding.bottom + padding.left + padding.right > 0;
}

/** The zeros of both. */
export function sumPadding(a: ExplicitPadding, b: ExplicitPadding): ExplicitPadding {
  return {
    top: a.top + b.top,
    bottom: a.bottom + b.bottom,
    left: a.left + b.left,
    right: a.right + b.right,
  };
}
