import { resolvePadding, type PoolNode, type TensorShape } from '@espalier/core';
import {
  avgPoolForward,
  avgPoolGradient,
  maxPoolForward,
  maxPoolGradient,
  type PoolGeometry,
} from '../ops/pool.js';
import { first, type NodeOp } from './node-op.js';

/** The largest real pixel of each window; the first of equals in row-major order takes the gradient. */
export const maxPool: NodeOp<PoolNode> = {
  keepsInput: true,
  keepsOutput: true,
  forward: ({ node, inputs }) => {
    const x = first(inputs);
    return { output: maxPoolForward(x, geometryOf(node, x.shape.slice(1))) };
  },
  backward: ({ node, dy, input, output, inputShapes }) => ({
    inputs: [
      maxPoolGradient(dy, { input: input(), output: output() }, geometryOf(node, inputShapes[0] ?? [])),
    ],
    params: {},
  }),
};

/** The mean of each window's real pixels. */
export const avgPool: NodeOp<PoolNode> = {
  keepsInput: false,
  keepsOutput: false,
  forward: ({ node, inputs }) => {
    const x = first(inputs);
    return { output: avgPoolForward(x, geometryOf(node, x.shape.slice(1))) };
  },
  backward: ({ node, dy, inputShapes }) => ({
    inputs: [avgPoolGradient(dy, geometryOf(node, inputShapes[0] ?? []))],
    params: {},
  }),
};

function geometryOf(node: PoolNode, shape: TensorShape): PoolGeometry {
  const [height = 0, width = 0, channels = 0] = shape;
  return {
    inputShape: [height, width, channels],
    window: node.poolSize,
    strides: node.strides,
    padding: resolvePadding(node.padding, [height, width], node.poolSize, node.strides),
  };
}
