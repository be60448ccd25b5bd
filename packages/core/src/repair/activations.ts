import type { TensorShape } from '../graph/model-graph.js';

/** A batch of activations, `[size, ...shape]` row-major. */
export interface Activations {
  readonly shape: TensorShape;
  readonly size: number;
  readonly values: Float32Array;
}
