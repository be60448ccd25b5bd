import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../tensors.js';

/** Sums over every axis but the last: the gradient of a bias. */
export function sumRows(x: tf.Tensor): tf.Tensor {
  if (hasKernel(SUM_ROWS)) return runKernel(SUM_ROWS, { x }, {});
  return tf.sum(tf.reshape(x, [-1, x.shape.at(-1)!]), 0);
}

/** Kernel name: input `x`. */
export const SUM_ROWS = 'EspalierSumRows';
