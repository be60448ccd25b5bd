import { describe, expect, it } from '@jest/globals';
import { buildModel, initialState, type Dataset, type Trainer, type TrainOptions } from '@espalier/core';
import { noiseBatch } from '@espalier/core/testing';
import * as tf from '@tensorflow/tfjs-core';
import { createTfjsTrainer } from './index.js';

const graph = buildModel({ name: 'cnn-small', width: 3 }, [8, 8, 3], 2);

const dataset: Dataset = {
  imageShape: [8, 8, 3],
  classes: ['a', 'b'],
  images: Uint8Array.from({ length: 10 * 192 }, (_, i) => (i * 37) % 256),
  labels: Uint16Array.from({ length: 10 }, (_, i) => i % 2),
};

const options: TrainOptions = {
  epochs: 5,
  batchSize: 1,
  learningRate: 0.01,
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
  normalization: { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] },
  augmentation: null,
  momentMode: { kind: 'pooled' },
  proximal: 0.1,
  stream: { seed: 1, purpose: 'leaks' },
  topGradients: [],
};

async function loaded(backend: string): Promise<Trainer> {
  const trainer = await createTfjsTrainer({ backend });
  await trainer.load(graph, initialState(graph, 1), null);
  return trainer;
}

/** Tensors alive after each of some calls, less those alive before them. */
async function growth(...calls: readonly (() => Promise<unknown>)[]): Promise<readonly number[]> {
  const before = tf.memory().numTensors;
  const grown: number[] = [];
  for (const call of calls) {
    await call().catch(() => undefined);
    grown.push(tf.memory().numTensors - before);
  }
  return grown;
}

describe.each(['wasm', 'cpu'])('on %s', (backend) => {
  it('fifty steps, and every other call, leave as many tensors as there were', async () => {
    const batch = noiseBatch(graph, 3, 1);
    const trainer = await loaded(backend);

    const grown = await growth(
      () => trainer.train(dataset, options),
      () => trainer.train(dataset, { ...options, epochs: 1, optimizer: ADAM }),
      () => trainer.gradients(batch),
      () => trainer.topGradients(batch, []),
      () => trainer.evaluate(dataset, options),
      () => trainer.predict(batch),
      () => trainer.batchNormMoments(dataset, { ...options, mode: { kind: 'pooled' } }),
      () => trainer.load(graph, initialState(graph, 2), null),
    );

    expect(grown).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    await trainer.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  it('runs that abort, diverge or are refused leave none behind', async () => {
    const trainer = await loaded(backend);
    const signal = { aborted: false };
    const onProgress = (): void => {
      signal.aborted = true;
    };

    const grown = await growth(
      () => trainer.train(dataset, options, { signal, onProgress }),
      () => trainer.train(dataset, { ...options, learningRate: 1e38 }),
      () => trainer.train({ ...dataset, classes: ['a', 'b', 'c'] }, options),
      () => trainer.load(graph, { params: new Map(), moments: new Map() }, null),
    );

    expect(signal.aborted).toBe(true);
    expect(grown).toEqual([0, 0, 0, 0]);
    await trainer.dispose();
  });

  it.each(['Conv2D', 'MatMul', 'Conv2DBackpropFilter', 'Sub'])(
    'a %s that fails in the middle of a pass leaves none behind',
    async (name) => {
      const kernelName = name === 'MatMul' ? 'BatchMatMul' : name;
      const trainer = await loaded(backend);
      const kernel = tf.getKernel(kernelName, backend);
      let calls = 0;
      const failing: tf.KernelConfig = {
        ...kernel,
        kernelFunc: (call) => {
          if (++calls === 2) throw new Error('out of order');
          return kernel.kernelFunc(call);
        },
      };
      tf.unregisterKernel(kernelName, backend);
      tf.registerKernel(failing);

      const grown = await growth(() => trainer.train(dataset, options));

      tf.unregisterKernel(kernelName, backend);
      tf.registerKernel(kernel);
      expect(calls).toBe(2);
      expect(grown).toEqual([0]);
      expect((await trainer.train(dataset, { ...options, epochs: 1 })).steps).toBe(10);
      await trainer.dispose();
    },
  );

  it('counts the bytes of one network at a time', async () => {
    const other = await loaded(backend);
    const trainer = await loaded(backend);
    const atRest = trainer.footprint().peakBytes;
    await trainer.train(dataset, { ...options, epochs: 1, batchSize: 5 });
    const small = trainer.footprint().peakBytes;
    await trainer.train(dataset, { ...options, epochs: 1, batchSize: 10 });
    const large = trainer.footprint().peakBytes;
    await trainer.load(graph, initialState(graph, 1), null);

    const values = [...initialState(graph, 1).params.values()].reduce((sum, { length }) => sum + length, 0);
    expect(atRest).toBeGreaterThanOrEqual(4 * values);
    expect(atRest).toBe(other.footprint().peakBytes);
    expect(small).toBeGreaterThan(atRest);
    expect(large).toBeGreaterThan(small);
    expect(trainer.footprint().peakBytes).toBe(atRest);
    await other.dispose();
    await trainer.dispose();
  });
});

const ADAM = { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 } as const;
