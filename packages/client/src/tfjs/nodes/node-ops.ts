import type { OpKind } from '@espalier/core';
import { relu, relu6 } from './activation.js';
import { batchNorm } from './batch-norm.js';
import { conv2d } from './conv2d.js';
import { dense } from './dense.js';
import { globalAvgPool, globalMaxPool } from './global-pool.js';
import { add, concat, flatten, input } from './joining.js';
import type { NodeOf, NodeOp } from './node-op.js';
import { avgPool, maxPool } from './pool.js';

/** Every op of the graph language, by its kind. */
export const nodeOps: { readonly [K in OpKind]: NodeOp<NodeOf<K>> } = {
  input,
  conv2d,
  dense,
  batchNorm,
  relu,
  relu6,
  maxPool,
  avgPool,
  globalAvgPool,
  globalMaxPool,
  add,
  concat,
  flatten,
};
