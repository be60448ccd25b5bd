import type { PlainNode } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { maxPoolGradient } from '../ops/pool.js';
import { first, type NodeOp } from './node-op.js';

/** Mean over all pixels of each channel. */
const globalAvgPool: NodeOp<PlainNode> = {
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
const globalMaxPool: NodeOp<PlainNode> = {
  keepsInput: true,
  keepsOutput: true,
  forward: ({ inputs }) => ({ output: tf.max(first(inputs), [1, 2]) }),
  backward: ({ dy, input, output, inputShapes }) => {
    const [height = 0, width = 0, channels = 0] = inputShapes[0] ?? [];
    const onePixel = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1, 1, 1, channels]);
    const gradient = maxPoolGradient(
      onePixel(dy),
      { input: input(), output: onePixel(output()) },
      {
        inputShape: [height, width, channels],
        window: [height, width],
        strides: [1, 1],
        padding: { top: 0, bottom: 0, left: 0, right: 0 },
      },
    );
    return { inputs: [gradient], params: {} };
  },
};

/** Pools over all pixels of an image. */
export const globalPools = { globalAvgPool, globalMaxPool };
