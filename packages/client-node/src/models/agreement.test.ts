import { createTfjsTrainer } from '@espalier/client/tfjs';
import type { Trainer } from '@espalier/core';
import { importLayersModel } from '@espalier/core/formats';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import {
  predictionsHere,
  predictionsOf,
  savedModel,
  someImages,
  unsettle,
  worstDifference,
} from '../testing/layers-models.js';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await createTfjsTrainer({ backend: 'wasm' });
});
afterAll(() => trainer.dispose());

const { layers } = tf;
type Tensor = tf.SymbolicTensor;

/** A functional model whose body turns the image into an image or vector; a dense head ends it. */
function functional(shape: number[], body: (x: Tensor) => Tensor): tf.LayersModel {
  const input = tf.input({ shape });
  const features = body(input);
  const flat = features.rank === 4 ? (layers.flatten().apply(features) as Tensor) : features;
  return tf.model({ inputs: input, outputs: layers.dense({ units: 3 }).apply(flat) as Tensor });
}

function on(layer: tf.layers.Layer, x: Tensor | Tensor[]): Tensor {
  return layer.apply(x) as Tensor;
}

const MODELS: readonly (readonly [string, () => tf.LayersModel])[] = [
  [
    'sequential: convolutions, norms, pools, dropout, dense with activations, softmax',
    () =>
      tf.sequential({
        layers: [
          layers.conv2d({ inputShape: [9, 8, 3], filters: 5, kernelSize: 3, activation: 'relu' }),
          layers.batchNormalization({}),
          layers.maxPooling2d({ poolSize: 2 }),
          layers.conv2d({ filters: 4, kernelSize: [2, 3], strides: [2, 1], padding: 'same', useBias: false }),
          layers.activation({ activation: 'relu6' }),
          layers.dropout({ rate: 0.5 }),
          layers.flatten(),
          layers.dense({ units: 6, activation: 'relu' }),
          layers.batchNormalization({ scale: false }),
          layers.dense({ units: 4, activation: 'softmax' }),
        ],
      }),
  ],
  [
    'a perceptron without an image',
    () =>
      tf.sequential({
        layers: [
          layers.dense({ inputShape: [7], units: 5, activation: 'relu6' }),
          layers.dense({ units: 3 }),
        ],
      }),
  ],
  [
    'depthwise, with a multiplier and stride 2',
    () =>
      functional([7, 7, 3], (x) =>
        on(
          layers.depthwiseConv2d({
            kernelSize: 3,
            depthMultiplier: 2,
            strides: 2,
            padding: 'same',
            activation: 'relu',
          }),
          x,
        ),
      ),
  ],
  [
    'depthwise over one channel',
    () => functional([6, 6, 1], (x) => on(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 4 }), x)),
  ],
  [
    'separable, with a multiplier and an activation',
    () =>
      functional([8, 8, 3], (x) =>
        on(
          layers.separableConv2d({
            filters: 5,
            kernelSize: 3,
            depthMultiplier: 2,
            strides: 2,
            padding: 'same',
            activation: 'relu',
          }),
          x,
        ),
      ),
  ],
  [
    'ReLU6 behind uneven zero padding before convolutions, as MobileNet has it',
    () =>
      functional([9, 10, 3], (x) => {
        const stem = on(
          layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, useBias: false }),
          on(
            layers.zeroPadding2d({
              padding: [
                [0, 1],
                [2, 1],
              ],
            }),
            x,
          ),
        );
        const relu = on(
          layers.reLU({ maxValue: 6 }),
          on(layers.batchNormalization({ center: false, epsilon: 1e-4 }), stem),
        );
        return on(
          layers.depthwiseConv2d({ kernelSize: 3, strides: 2 }),
          on(
            layers.zeroPadding2d({
              padding: [
                [0, 1],
                [0, 1],
              ],
            }),
            relu,
          ),
        );
      }),
  ],
  [
    'zero padding twice, through a ReLU, before a convolution that pads by itself',
    () =>
      functional([6, 6, 2], (x) => {
        const padded = on(
          layers.reLU(),
          on(
            layers.zeroPadding2d({ padding: 1 }),
            on(
              layers.zeroPadding2d({
                padding: [
                  [2, 0],
                  [0, 1],
                ],
              }),
              x,
            ),
          ),
        );
        return on(layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }), padded);
      }),
  ],
  [
    'zero padding before a max-pool of what is not negative, as ResNet has it',
    () =>
      functional([8, 8, 2], (x) => {
        const relu = on(layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' }), x);
        return on(
          layers.maxPooling2d({ poolSize: 3, strides: 2 }),
          on(layers.zeroPadding2d({ padding: 1 }), relu),
        );
      }),
  ],
  [
    'residual and concatenated branches',
    () =>
      functional([8, 8, 3], (x) => {
        const a = on(layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }), x);
        const b = on(layers.conv2d({ filters: 4, kernelSize: 1 }), x);
        const sum = on(layers.activation({ activation: 'relu' }), on(layers.add(), [a, b]));
        return on(layers.concatenate(), [sum, x, a]);
      }),
  ],
  [
    'average pools, same and valid',
    () =>
      functional([7, 6, 2], (x) =>
        on(
          layers.averagePooling2d({ poolSize: 2 }),
          on(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x),
        ),
      ),
  ],
  ['global average', () => functional([5, 6, 3], (x) => on(layers.globalAveragePooling2d({}), x))],
  ['global maximum', () => functional([5, 6, 3], (x) => on(layers.globalMaxPooling2d({}), x))],
  [
    'a dense layer over pixels',
    () => functional([4, 5, 3], (x) => on(layers.dense({ units: 2, activation: 'relu' }), x)),
  ],
  [
    'a vector as one pixel and back, as MobileNet ends',
    () => {
      const input = tf.input({ shape: [6, 6, 3] });
      const pixel = on(
        layers.reshape({ targetShape: [1, 1, 3] }),
        on(layers.globalAveragePooling2d({}), input),
      );
      const scores = on(
        layers.conv2d({ filters: 4, kernelSize: 1 }),
        on(layers.dropout({ rate: 0.1 }), pixel),
      );
      const output = on(layers.softmax(), on(layers.reshape({ targetShape: [4] }), scores));
      return tf.model({ inputs: input, outputs: output });
    },
  ],
  [
    'reshapes that flatten, and that do nothing',
    () =>
      functional([4, 3, 2], (x) =>
        on(layers.reshape({ targetShape: [24] }), on(layers.reshape({ targetShape: [4, 3, 2] }), x)),
      ),
  ],
  [
    'models inside a model',
    () => {
      const base = functional([6, 6, 3], (x) =>
        on(layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }), x),
      );
      const head = tf.sequential({
        layers: [layers.dense({ inputShape: [3], units: 5, activation: 'relu' }), layers.dense({ units: 2 })],
      });
      return tf.sequential({ layers: [base, head] });
    },
  ],
  [
    'one ReLU called twice',
    () =>
      functional([5, 5, 2], (x) => {
        const relu = layers.reLU();
        return on(layers.add(), [on(relu, on(layers.conv2d({ filters: 2, kernelSize: 1 }), x)), on(relu, x)]);
      }),
  ],
];

describe('an imported model predicts what tfjs predicts', () => {
  it.each(MODELS)('%s', async (_, make) => {
    const model = unsettle(make());
    const { modelJson, weights } = await savedModel(model);

    const imported = importLayersModel(modelJson, weights);
    const here = await predictionsHere(trainer, imported, 3);
    const there = predictionsOf(model, someImages(imported.graph, 3), 3);

    expect(worstDifference(here, there)).toBeLessThanOrEqual(1e-5);
    expect(Math.max(...there) - Math.min(...there)).toBeGreaterThan(1e-2);
    model.dispose();
  });
});
