import type { BatchNormNode } from '@espalier/core';
import { batchNormGradient, batchNormInference, batchNormTraining } from '../ops/batch-norm.js';
import { first, type NodeOp } from './node-op.js';

/**
 * Batch normalisation over the last axis (Ioffe & Szegedy 2015, alg. 1). In training the batch's own mean and
 * population variance (divided by the count, not by one less) normalise; the same variance goes into the moments.
 */
export const batchNorm: NodeOp<BatchNormNode> = {
  keepsInput: true,
  keepsOutput: false,
  forward: ({ node, inputs, param, moments }) => {
    const affine = { gamma: param('gamma'), beta: param('beta'), epsilon: node.epsilon };
    if (moments !== null) return { output: batchNormInference(first(inputs), moments, affine) };
    return batchNormTraining(first(inputs), affine);
  },
  backward: ({ node, input, param, statistics, dy }) => {
    const { dx, dgamma, dbeta } = batchNormGradient(dy, input(), {
      statistics: statistics!,
      gamma: param('gamma'),
      epsilon: node.epsilon,
    });
    return { inputs: [dx], params: { gamma: dgamma, beta: dbeta } };
  },
};
