import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics } from '../nodes/node-op.js';
import { hasKernel, runKernels } from '../tensors.js';

/** Scale and shift after normalisation. */
export interface Affine {
  readonly gamma: tf.Tensor;
  readonly beta: tf.Tensor;
  readonly epsilon: number;
}

/** Kernel name: inputs `x`, `gamma`, `beta`; attribute `epsilon`; outputs y, mean, variance. */
export const BATCH_NORM_TRAINING = 'EspalierBatchNormTraining';

/** Kernel name: inputs `dy`, `x`, `mean`, `variance`, `gamma`; attribute `epsilon`; outputs dx, dgamma, dbeta. */
export const BATCH_NORM_GRADIENT = 'EspalierBatchNormGradient';

/** Normalises by given statistics. */
export function batchNormInference(
  x: tf.Tensor,
  { mean, variance }: BatchStatistics,
  affine: Affine,
): tf.Tensor {
  const { gamma, beta, epsilon } = affine;
  const vector = (values: tf.Tensor): tf.Tensor1D => values as tf.Tensor1D;
  return tf.batchNorm(x, vector(mean), vector(variance), vector(beta), vector(gamma), epsilon);
}

/** Normalises by the batch's own mean and population variance, and gives both. */
export function batchNormTraining(
  x: tf.Tensor,
  affine: Affine,
): { readonly output: tf.Tensor; readonly statistics: BatchStatistics } {
  const { gamma, beta, epsilon } = affine;
  if (hasKernel(BATCH_NORM_TRAINING)) {
    const [output, mean, variance] = runKernels(BATCH_NORM_TRAINING, { x, gamma, beta }, { epsilon });
    return { output: output!, statistics: { mean: mean!, variance: variance! } };
  }
  const { mean, variance } = tf.moments(tf.reshape(x, [-1, x.shape.at(-1)!]), 0);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  return { output: tf.add(tf.mul(tf.sub(x, mean), scale), beta), statistics: { mean, variance } };
}

/** Gradients of {@link batchNormTraining}, with the statistics it gave. */
export function batchNormGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  { statistics, gamma, epsilon }: { statistics: BatchStatistics; gamma: tf.Tensor; epsilon: number },
): { readonly dx: tf.Tensor; readonly dgamma: tf.Tensor; readonly dbeta: tf.Tensor } {
  const { mean, variance } = statistics;
  if (hasKernel(BATCH_NORM_GRADIENT)) {
    const [dx, dgamma, dbeta] = runKernels(
      BATCH_NORM_GRADIENT,
      { dy, x, mean, variance, gamma },
      { epsilon },
    );
    return { dx: dx!, dgamma: dgamma!, dbeta: dbeta! };
  }
  const channels = x.shape.at(-1)!;
  const rows = x.size / channels;
  const flat = tf.reshape(dy, [-1, channels]);
  const inverse = tf.rsqrt(tf.add(variance, epsilon));
  const normalised = tf.mul(tf.sub(tf.reshape(x, [-1, channels]), mean), inverse);
  const dbeta = tf.sum(flat, 0);
  const dgamma = tf.sum(tf.mul(flat, normalised), 0);
  const centred = tf.sub(flat, tf.div(tf.add(dbeta, tf.mul(normalised, dgamma)), rows));
  return { dx: tf.reshape(tf.mul(centred, tf.mul(gamma, inverse)), x.shape), dgamma, dbeta };
}
