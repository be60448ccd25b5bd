import { resolvePadding, type Conv2dNode, type TensorShape } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { convFilterGradient, convForward, convInputGradient, type ConvGeometry } from '../ops/conv.js';
import { sumRows } from '../ops/sum-rows.js';
import { first, type NodeOp } from './node-op.js';

/** Cross-correlation. */
export const conv2d: NodeOp<Conv2dNode> = {
  keepsInput: true,
  keepsOutput: false,
  forward: ({ node, inputs, param }) => {
    const x = first(inputs);
    const product = convForward(x, param('kernel'), geometryOf(node, x.shape.slice(1)));
    return { output: node.useBias ? tf.add(product, param('bias')) : product };
  },
  backward: ({ node, input, inputShapes, param, dy, wants }) => {
    const geometry = geometryOf(node, inputShapes[0] ?? []);
    return {
      params: {
        kernel: convFilterGradient(input(), dy, geometry),
        ...(node.useBias ? { bias: sumRows(dy) } : {}),
      },
      inputs: [wants(0) ? convInputGradient(dy, param('kernel'), geometry) : null],
    };
  },
};

function geometryOf(node: Conv2dNode, shape: TensorShape): ConvGeometry {
  const [height = 0, width = 0, channels = 0] = shape;
  return {
    inputShape: [height, width, channels],
    filterShape: [...node.kernelSize, channels / node.groups, node.filters],
    strides: node.strides,
    padding: resolvePadding(node.padding, [height, width], node.kernelSize, node.strides),
    groups: node.groups,
  };
}
