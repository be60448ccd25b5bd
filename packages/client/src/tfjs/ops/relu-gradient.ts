import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../tensors.js';

/** `dy` where `0 < y < ceiling`, 0 elsewhere; `y` is the activation's output. */
export function reluGradient(dy: tf.Tensor, y: tf.Tensor, ceiling: number): tf.Tensor {
  if (hasKernel(RELU_GRADIENT)) return runKernel(RELU_GRADIENT, { dy, y }, { ceiling });
  const open = tf.greater(y, 0);
  const passes = ceiling === Infinity ? open : tf.logicalAnd(open, tf.less(y, ceiling));
  return tf.mul(dy, tf.cast(passes, 'float32'));
}

/** Kernel name: inputs `dy`, `y`; attribute `ceiling`. */
export const RELU_GRADIENT = 'EspalierReluGradient';
