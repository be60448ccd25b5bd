import type { PlainNode } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { first, type NodeOp } from './node-op.js';

/** Mean over all pixels of each channel. */
export const globalAvgPool: NodeOp<PlainNode> = {
  keepsInput: false,
  keepsOutput: false,
  forward: ({ inputs }) => ({ output: tf.mean(first(inputs), [1, 2]) }),
  backward: ({ dy, inputShapes }) => {
    const [height = 0, width = 0, channels = 0] = inputShapes[0] ?? [];
    const share = tf.reshape(tf.mul(dy, 1 / (height * width)), [-1, 1, 1, channels]);
    return { inputs: [tf.tile(share, [1, height, width, 1])], params: {} };
  },
};

/** Largest pixel of each channel; the first of equals in row-major order takes the gradient. */
export const globalMaxPool: NodeOp<PlainNode> = {
  keepsInput: true,
  keepsOutput: false,
  forward: ({ inputs }) => ({ output: tf.max(first(inputs), [1, 2]) }),
  backward: ({ dy, input, inputShapes }) => {
    const [height = 0, width = 0, channels = 0] = inputShapes[0] ?? [];
    const pixels = tf.reshape(input(), [-1, height * width, channels]);
    const where = tf.oneHot(tf.cast(tf.argMax(pixels, 1), 'int32'), height * width);
    const chosen = tf.cast(tf.transpose(where, [0, 2, 1]), 'float32');
    const spread = tf.mul(chosen, tf.reshape(dy, [-1, 1, channels]));
    return { inputs: [tf.reshape(spread, [-1, height, width, channels])], params: {} };
  },
};
