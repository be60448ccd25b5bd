import type { InputNode, PlainNode } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { first, type NodeOp } from './node-op.js';

/** The batch itself. */
export const input: NodeOp<InputNode> = {
  keepsInput: false,
  keepsOutput: false,
  forward: ({ inputs }) => ({ output: tf.clone(first(inputs)) }),
  backward: () => ({ inputs: [], params: {} }),
};

/** The sum of all inputs. */
const add: NodeOp<PlainNode> = {
  keepsInput: false,
  keepsOutput: false,
  forward: ({ inputs }) => ({
    output: inputs.slice(1).reduce((sum, next) => tf.add(sum, next), first(inputs)),
  }),
  backward: ({ node, dy, wants }) => ({
    inputs: node.inputs.map((_, i) => (wants(i) ? tf.clone(dy) : null)),
    params: {},
  }),
};

/** All inputs side by side along the last axis. */
const concat: NodeOp<PlainNode> = {
  keepsInput: false,
  keepsOutput: false,
  forward: ({ inputs }) => ({ output: tf.concat([...inputs], -1) }),
  backward: ({ dy, inputShapes, wants }) => {
    const parts = tf.split(
      dy,
      inputShapes.map((shape) => shape.at(-1) ?? 0),
      -1,
    );
    return { inputs: parts.map((part, i) => (wants(i) ? part : null)), params: {} };
  },
};

/** `[h, w, c]` as `[h·w·c]`. */
const flatten: NodeOp<PlainNode> = {
  keepsInput: false,
  keepsOutput: false,
  forward: ({ inputs }) => ({ output: tf.reshape(first(inputs), [first(inputs).shape[0], -1]) }),
  backward: ({ dy, inputShapes }) => ({
    inputs: [tf.reshape(dy, [dy.shape[0], ...(inputShapes[0] ?? [])])],
    params: {},
  }),
};

/** Ops that join or reshape. */
export const joins = { add, concat, flatten };
