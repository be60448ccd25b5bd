import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomStream } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { chooseBackend, cpuBackend, wasmBackend } from '../backends.js';
import { batchNormGradient, batchNormTraining } from '../ops/batch-norm.js';
import { convFilterGradient, convForward, convInputGradient, type ConvGeometry } from '../ops/conv.js';
import { maxPoolForward, maxPoolGradient } from '../ops/pool.js';
import { sumRows } from '../ops/sum-rows.js';
import { tensorsIn } from '../tensors.js';
import { wasmKernels } from './register-wasm-kernels.js';

beforeAll(async () => {
  await chooseBackend([cpuBackend()]);
  await chooseBackend([wasmBackend()]);
});

/** A computation out of shapes alone; its inputs come from `noise`, the same on either backend. */
type Computation = () => tf.Tensor | readonly tf.Tensor[];

/** By kernel: random computations that go through it on wasm and through tfjs's own kernels on cpu. */
const computations: Readonly<Record<string, fc.Arbitrary<Computation>>> = {
  Conv2DBackpropFilter: convolutions('any').map(({ batch, geometry }) => () => {
    const x = noise([batch, ...geometry.inputShape], 1);
    const dy = noise(outputShape(x, geometry), 2);
    return convFilterGradient(x, dy, geometry);
  }),
  EspalierConvInputGradient: convolutions('any').map(({ batch, geometry }) => () => {
    const x = noise([batch, ...geometry.inputShape], 1);
    return convInputGradient(noise(outputShape(x, geometry), 2), noise(geometry.filterShape, 3), geometry);
  }),
  DepthwiseConv2dNativeBackpropFilter: convolutions('depthwise').map(({ batch, geometry }) => () => {
    const x = noise([batch, ...geometry.inputShape], 1);
    return convFilterGradient(x, noise(outputShape(x, geometry), 2), geometry);
  }),
  DepthwiseConv2dNativeBackpropInput: convolutions('depthwise').map(({ batch, geometry }) => () => {
    const x = noise([batch, ...geometry.inputShape], 1);
    return convInputGradient(noise(outputShape(x, geometry), 2), noise(geometry.filterShape, 3), geometry);
  }),
  EspalierMaxPoolGradient: convolutions('any').map(({ batch, geometry }) => () => {
    const { inputShape, filterShape, strides, padding } = geometry;
    const [height, width] = filterShape;
    // Whole numbers make ties, of which the first pixel must win.
    const input = tf.round(tf.mul(noise([batch, ...inputShape], 1), 3));
    const within = (pixels: number, window: number): number => Math.min(pixels, window - 1);
    const pool = {
      inputShape,
      window: [height, width],
      strides,
      padding: {
        top: within(padding.top, height),
        bottom: within(padding.bottom, height),
        left: within(padding.left, width),
        right: within(padding.right, width),
      },
    } as const;
    const fits = inputShape[0] >= height && inputShape[1] >= width;
    const geometryThatFits = fits ? pool : { ...pool, window: [1, 1] as const, padding: NO_PADDING };
    const output = maxPoolForward(input, geometryThatFits);
    return maxPoolGradient(noise(output.shape, 2), { input, output }, geometryThatFits);
  }),
  EspalierBatchNormTraining: activations().map((shape) => () => {
    const channels = shape.slice(-1);
    const affine = { gamma: noise(channels, 2), beta: noise(channels, 3), epsilon: 1e-3 };
    const { output, statistics } = batchNormTraining(tf.add(noise(shape, 1), 5), affine);
    return [output, statistics.mean, statistics.variance];
  }),
  EspalierBatchNormGradient: activations().map((shape) => () => {
    const channels = shape.slice(-1);
    const x = noise(shape, 1);
    const [mean, variance] = [noise(channels, 5), tf.add(tf.square(noise(channels, 6)), 0.5)];
    const options = { statistics: { mean, variance }, gamma: noise(channels, 3), epsilon: 1e-3 };
    const { dx, dgamma, dbeta } = batchNormGradient(noise(shape, 4), x, options);
    return [dx, dgamma, dbeta];
  }),
  EspalierSumRows: activations().map((shape) => () => sumRows(noise(shape, 1))),
};

describe('wasm kernels', () => {
  it('are all compared below', () => {
    expect(Object.keys(computations).sort()).toEqual(wasmKernels.map(({ kernelName }) => kernelName).sort());
  });

  it.each(Object.keys(computations))('%s agrees with the cpu backend', async (name) => {
    let calls = 0;
    await fc.assert(
      fc.asyncProperty(computations[name]!, async (compute) => {
        const expected = await valuesOn('cpu', compute);
        const before = tf.memory().numTensors;
        const found = await valuesOn('wasm', () => {
          const profiled = countKernel(name, compute);
          calls += profiled.calls;
          return profiled.result;
        });

        expect(tf.memory().numTensors).toBe(before);
        expect(found.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
        for (const [i, { values }] of found.entries()) expectClose(values, expected[i]!.values);
      }),
      { seed: 3, numRuns: 40 },
    );
    expect(calls).toBeGreaterThanOrEqual(40);
  });
});

const NO_PADDING = { top: 0, bottom: 0, left: 0, right: 0 };

/** Convolutions of any shape that have an output: uneven kernels, strides and paddings, pixels left unseen. */
function convolutions(kind: 'any' | 'depthwise'): fc.Arbitrary<{ batch: number; geometry: ConvGeometry }> {
  const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
  const pixels = fc.nat(3);
  return fc
    .record({
      batch: upTo(3),
      size: fc.tuple(upTo(7), upTo(7)),
      channels: upTo(5),
      filters: upTo(6),
      kernel: fc.tuple(upTo(4), upTo(4)),
      strides: fc.tuple(upTo(3), upTo(3)),
      padding: fc.record({ top: pixels, bottom: pixels, left: pixels, right: pixels }),
    })
    .filter(
      ({ size, kernel, padding }) =>
        size[0] + padding.top + padding.bottom >= kernel[0] &&
        size[1] + padding.left + padding.right >= kernel[1],
    )
    .map(({ batch, size, channels, filters, kernel, strides, padding }) => {
      const depthwise = kind === 'depthwise';
      // One channel alone would be an ordinary convolution.
      const wide = depthwise ? channels + 1 : channels;
      const inputShape = [...size, wide] as const;
      const filterShape = [...kernel, depthwise ? 1 : wide, depthwise ? wide * filters : filters] as const;
      return { batch, geometry: { inputShape, filterShape, strides, padding, groups: depthwise ? wide : 1 } };
    });
}

/** Shapes of images or features, with the batch. */
function activations(): fc.Arbitrary<number[]> {
  return fc.oneof(
    fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 4, maxLength: 4 }),
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 2 }),
  );
}

function noise(shape: readonly number[], seed: number): tf.Tensor {
  const stream = randomStream({ seed, purpose: String(shape) });
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    () => 2 * stream.uniform() - 1,
  );
  return tf.tensor(values, [...shape]);
}

function outputShape(x: tf.Tensor, geometry: ConvGeometry): number[] {
  return tf.tidy(() => convForward(x, tf.zeros([...geometry.filterShape]), geometry).shape);
}

interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

async function valuesOn(backend: string, compute: Computation): Promise<readonly Values[]> {
  await tf.setBackend(backend);
  const results: Values[] = [];
  tf.tidy(() => {
    for (const tensor of tensorsIn(compute())) {
      results.push({ shape: tensor.shape, values: tensor.dataSync<'float32'>().slice() });
    }
  });
  return results;
}

/** Runs a computation and counts the calls of one wasm kernel in it. */
function countKernel(name: string, compute: Computation): { result: ReturnType<Computation>; calls: number } {
  const kernel = tf.getKernel(name, 'wasm');
  let calls = 0;
  tf.unregisterKernel(name, 'wasm');
  tf.registerKernel({
    ...kernel,
    kernelFunc: (call) => {
      calls++;
      return kernel.kernelFunc(call);
    },
  });
  try {
    const result = compute();
    return { result, calls };
  } finally {
    tf.unregisterKernel(name, 'wasm');
    tf.registerKernel(kernel);
  }
}

function expectClose(found: Float32Array, expected: Float32Array): void {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const error = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(error / scale).toBeLessThan(1e-5);
}
