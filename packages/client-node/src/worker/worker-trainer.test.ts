import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Mask,
  type Dataset,
  type ModelGraph,
  type ModelState,
  type Trainer,
  type TrainOptions,
} from '@espalier/core';
import type { TrainerSpec } from './trainer-factory.js';
import { createWorkerTrainer } from './worker-trainer.js';

const fakeModule = join(__dirname, '../testing/fake-trainer.mjs');
const fake = (options?: unknown): TrainerSpec => ({ kind: 'module', module: fakeModule, options });

const graph: ModelGraph = { name: 'tiny', nodes: [], output: '', blocks: [] };
const state: ModelState = {
  params: new Map([['fc/kernel', Float32Array.of(1, 0, 3)]]),
  moments: new Map([['bn', { mean: Float32Array.of(1), variance: Float32Array.of(2) }]]),
};
const mask = new Mask([{ name: 'fc/kernel', size: 3, active: Uint32Array.of(0, 2) }], {
  version: 5,
  parent: 'abc',
});
const batch = { images: Float32Array.of(1, 2), labels: Uint16Array.of(1), size: 1 };
const normalization = { mean: [0], std: [1] };

function dataset(name = 'a'): Dataset {
  return {
    imageShape: [1, 1, 1],
    classes: [name, 'b'],
    images: Uint8Array.of(1, 2),
    labels: Uint16Array.of(0, 1),
  };
}

function trainOptions(epochs: number): TrainOptions {
  return {
    epochs,
    batchSize: 1,
    learningRate: 0.1,
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    normalization,
    augmentation: null,
    momentMode: { kind: 'pooled' },
    proximal: 0,
    stream: { seed: 1, purpose: 'test' },
    topGradients: [],
  };
}

let trainer: Trainer;
beforeEach(async () => {
  trainer = await createWorkerTrainer({ spec: fake() });
});
afterEach(() => trainer.dispose());

describe('a trainer on its own thread', () => {
  it('is of the kind of the trainer inside', () => {
    const { name, ops, denseFrom } = trainer;
    expect({ name, ops: [...ops], denseFrom }).toEqual({
      name: 'fake',
      ops: ['input', 'dense'],
      denseFrom: 0.5,
    });
  });

  it('carries every call there and back, the mask with its methods', async () => {
    await trainer.load(graph, state, mask);

    expect(await trainer.gradients(batch)).toEqual({ loss: 1, gradients: state.params });
    expect(await trainer.topGradients(batch, [{ layer: 'fc/kernel', count: 1 }])).toEqual([
      { layer: 'fc/kernel', indices: Uint32Array.of(0, 2), values: batch.images },
    ]);
    expect(
      await trainer.batchNormMoments(dataset(), { batchSize: 1, normalization, mode: { kind: 'pooled' } }),
    ).toEqual(state.moments);
    expect(await trainer.evaluate(dataset(), { batchSize: 1, normalization })).toEqual({
      lossSum: 5,
      correct: 2,
      samples: 2,
    });
    expect([...(await trainer.predict(batch))].map((digit) => digit.toString(16)).join('')).toBe(mask.hash);
  });

  it('leaves inputs as they were', async () => {
    await trainer.load(graph, state, mask);
    await trainer.evaluate(dataset(), { batchSize: 1, normalization });

    expect(state.params.get('fc/kernel')).toEqual(Float32Array.of(1, 0, 3));
    expect(mask.layers[0]?.active).toEqual(Uint32Array.of(0, 2));
  });

  it('tells progress while it trains', async () => {
    const epochs: number[] = [];
    await trainer.load(graph, state, null);

    const { losses, samplesSeen } = await trainer.train(dataset(), trainOptions(3), {
      onProgress: ({ epoch }) => void epochs.push(epoch),
    });

    expect(epochs).toEqual([0, 1, 2]);
    expect({ losses, samplesSeen }).toEqual({ losses: [1, 2], samplesSeen: 2 });
  });

  it('stops where the progress callback throws, with what it threw and nothing changed', async () => {
    const thrown = new Error('no more');
    await trainer.load(graph, state, mask);

    const training = trainer.train(dataset(), trainOptions(1), {
      onProgress: () => {
        throw thrown;
      },
    });
    const after = trainer.gradients(batch);

    await expect(training).rejects.toBe(thrown);
    expect((await after).gradients).toEqual(state.params);
  });

  it('answers calls in the order they were made', async () => {
    const loading = trainer.load(graph, state, mask);
    const evaluating = trainer.evaluate(dataset(), { batchSize: 1, normalization });

    await Promise.all([loading, evaluating]);

    expect((await evaluating).lossSum).toBe(5);
  });

  it('knows its footprint without being asked, once something is loaded', async () => {
    expect(() => trainer.footprint()).toThrow('[invalid_argument]');

    await trainer.load(graph, state, mask);

    expect(trainer.footprint()).toEqual({ peakBytes: 1, forwardMacsPerSample: 2, trainMacsPerSample: 3 });
  });
});

describe('aborting', () => {
  it('reaches a thread that never looks at its messages', async () => {
    const signal = { aborted: false };
    await trainer.load(graph, state, mask);

    const training = trainer.train(dataset(), trainOptions(Infinity), {
      signal,
      onProgress: () => (signal.aborted = true),
    });

    await expect(training).rejects.toMatchObject({ code: 'aborted' });
    await trainer.evaluate(dataset(), { batchSize: 1, normalization });
  });

  it('before the call began ends it at once', async () => {
    await trainer.load(graph, state, mask);

    await expect(trainer.train(dataset(), trainOptions(9), { signal: { aborted: true } })).rejects.toThrow(
      '[aborted] stopped in epoch 0',
    );
  });
});

describe('errors', () => {
  it('cross with their code and facts, and the trainer goes on', async () => {
    await expect(trainer.load({ ...graph, name: 'bad' }, state, null)).rejects.toMatchObject({
      code: 'invalid_graph',
      rawMessage: 'a bad graph',
      facts: { node: 'x' },
    });

    await trainer.load(graph, state, mask);
  });

  it.each([
    ['throws out of turn', 'die', 'the training thread died: out of the blue'],
    ['exits', 'exit', 'the training thread died: it ended with code 3'],
  ])('a thread that %s fails what is under way and all that follows', async (_, name, reason) => {
    await trainer.load(graph, state, mask);
    const evaluating = trainer.evaluate(dataset(name), { batchSize: 1, normalization });
    const waiting = trainer.predict(batch);

    await expect(evaluating).rejects.toThrow(`[internal] ${reason}`);
    await expect(waiting).rejects.toThrow('[internal]');
    await expect(trainer.predict(batch)).rejects.toThrow('[internal]');
  });

  it('a disposed trainer fails what is under way and all that follows', async () => {
    await trainer.load(graph, state, mask);
    let failed: Promise<void> = Promise.resolve();
    await new Promise<void>((resolve) => {
      const training = trainer.train(dataset(), trainOptions(Infinity), {
        onProgress: () => {
          resolve();
        },
      });
      failed = expect(training).rejects.toThrow('[aborted]');
    });

    await trainer.dispose();
    await trainer.dispose();

    await failed;
    await expect(trainer.predict(batch)).rejects.toThrow('[invalid_argument]');
    expect(() => trainer.footprint()).toThrow('[invalid_argument]');
  });
});

describe('a thread that cannot start', () => {
  it.each<[string, TrainerSpec, Record<string, unknown>]>([
    [
      'is refused by its trainer',
      fake({ refuse: 'no GPU here' }),
      { code: 'backend_unavailable', rawMessage: 'no GPU here', facts: { wanted: 'gpu' } },
    ],
    ['exits', fake({ exit: true }), { code: 'backend_unavailable' }],
    ['has no such module', { kind: 'module', module: '/none.mjs' }, { code: 'backend_unavailable' }],
    [
      'has a module without a factory',
      { kind: 'module', module: 'node:path' },
      { code: 'backend_unavailable' },
    ],
  ])('%s', async (_, spec, error) => {
    await expect(createWorkerTrainer({ spec })).rejects.toMatchObject(error);
  });
});
