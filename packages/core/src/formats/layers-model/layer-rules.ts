import { plainOp, plainOpsOf } from '../../graph/plain-ops.js';
import { IDENTITY } from './keras-model.js';
import type { LayerRule } from './layer-turn.js';
import { conv2d, depthwiseConv2d, separableConv2d } from './rules-convolution.js';
import { batchNormalization, dense } from './rules-dense.js';
import {
  activation,
  add,
  averagePooling2d,
  concatenate,
  flatten,
  globalPooling,
  identity,
  inputLayer,
  maxPooling2d,
  relu,
  reshape,
  softmax,
  zeroPadding2d,
} from './rules-plain.js';

/** Every class of layer that can be imported. A new one is one line here. */
export const LAYER_RULES: ReadonlyMap<string, LayerRule> = new Map<string, LayerRule>([
  ['InputLayer', inputLayer],
  ['Conv2D', conv2d],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['SeparableConv2D', separableConv2d],
  ['Dense', dense],
  ['BatchNormalization', batchNormalization],
  ['Activation', activation],
  ['ReLU', relu],
  ['Softmax', softmax],
  ['Add', add],
  ['Concatenate', concatenate],
  ['MaxPooling2D', maxPooling2d],
  ['AveragePooling2D', averagePooling2d],
  ...plainOpsOf('globalPool').map((op) => [plainOp(op).keras.className, globalPooling(op)] as const),
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['ZeroPadding2D', zeroPadding2d],
  [IDENTITY, identity],
  ['Dropout', identity],
  ['SpatialDropout2D', identity],
  ['GaussianDropout', identity],
  ['GaussianNoise', identity],
  ['AlphaDropout', identity],
  ['ActivityRegularization', identity],
]);
