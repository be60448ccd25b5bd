import type { DenseNode } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { sumRows } from '../ops/sum-rows.js';
import { first, type NodeOp } from './node-op.js';

/**
 * `y = x·W + b`. Transposes are separate from the products: the wasm backend multiplies transposed matrices
 * slowly.
 */
export const dense: NodeOp<DenseNode> = {
  keepsInput: true,
  keepsOutput: false,
  forward: ({ node, inputs, param }) => {
    const product = tf.matMul(first(inputs), param('kernel'));
    return { output: node.useBias ? tf.add(product, param('bias')) : product };
  },
  backward: ({ node, input, param, dy, wants }) => ({
    inputs: [wants(0) ? tf.matMul(dy, tf.transpose(param('kernel'))) : null],
    params: {
      kernel: tf.matMul(tf.transpose(input()), dy),
      ...(node.useBias ? { bias: sumRows(dy) } : {}),
    },
  }),
};
