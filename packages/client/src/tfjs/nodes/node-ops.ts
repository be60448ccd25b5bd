import type { OpKind } from '@espalier/core';
import { activations } from './activation.js';
import { batchNorm } from './batch-norm.js';
import { conv2d } from './conv2d.js';
import { dense } from './dense.js';
import { globalPools } from './global-pool.js';
import { input, joins } from './joining.js';
import type { NodeOf, NodeOp } from './node-op.js';
import { avgPool, maxPool } from './pool.js';

/** Every op of the graph language, by its kind. */
export const nodeOps: { readonly [K in OpKind]: NodeOp<NodeOf<K>> } = {
  input,
  conv2d,
  dense,
  batchNorm,
  ...activations,
  maxPool,
  avgPool,
  ...globalPools,
  ...joins,
};
