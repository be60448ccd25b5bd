import * as tf from '@tensorflow/tfjs-core';

/** `dy` where `0 < y < ceiling`, 0 elsewhere; `y` is the activation's output. */
export function reluGradient(dy: tf.Tensor, y: tf.Tensor, ceiling: number): tf.Tensor {
  // Products with steps run vectorised on every backend; comparisons and selections do not on wasm.
  const open = tf.mul(dy, tf.step(y));
  return ceiling === Infinity ? open : tf.mul(open, tf.step(tf.sub(ceiling, y)));
}
