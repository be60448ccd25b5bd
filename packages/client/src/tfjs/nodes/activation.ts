import type { PlainNode } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { reluGradient } from '../ops/relu-gradient.js';
import { first, type NodeOp } from './node-op.js';

/** `max(x, 0)`; its gradient at 0 is 0. */
const relu: NodeOp<PlainNode> = {
  keepsInput: false,
  keepsOutput: true,
  forward: ({ inputs }) => ({ output: tf.relu(first(inputs)) }),
  backward: ({ dy, output }) => ({ inputs: [reluGradient(dy, output(), Infinity)], params: {} }),
};

/** `min(max(x, 0), 6)`; its gradient at 0 and at 6 is 0. */
const relu6: NodeOp<PlainNode> = {
  keepsInput: false,
  keepsOutput: true,
  forward: ({ inputs }) => ({ output: tf.relu6(first(inputs)) }),
  backward: ({ dy, output }) => ({ inputs: [reluGradient(dy, output(), 6)], params: {} }),
};

/** Ops that change every value by itself. */
export const activations = { relu, relu6 };
