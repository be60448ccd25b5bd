import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import {
  applyMask,
  buildModel,
  initialState,
  keptCount,
  Mask,
  maskableSpecs,
  randomStream,
  shuffled,
  type Dataset,
  type LayerMask,
  type ModelGraph,
  type ModelState,
  type Trainer,
  type TrainOptions,
} from '@espalier/core';
import { noiseBatch } from '@espalier/core/testing';
import { benchEngine } from './bench-engine.js';
import { createSparseTrainer } from './sparse-trainer.js';
import { instantiateKernels, kernelBytes } from './wasm/kernels.js';
import type { StartEngineThread } from './wasm/runner.js';

const graph = buildModel({ name: 'resnet18', width: 4 }, [9, 8, 3], 4);

function randomLayer(name: string, size: number, count: number, seed: number): LayerMask {
  const order = shuffled(
    Uint32Array.from({ length: size }, (_, i) => i),
    randomStream({ seed, purpose: name }),
  );
  return { name, size, active: Uint32Array.from(order.slice(0, count)).sort() };
}

function randomMask(network: ModelGraph, density: number, seed = 1): Mask {
  return new Mask(
    maskableSpecs(network).map(({ name, size }) => randomLayer(name, size, keptCount(density, size), seed)),
  );
}

function stateUnder(network: ModelGraph, mask: Mask | null): ModelState {
  const state = initialState(network, 1);
  const lively = new Map(
    [...state.params].map(([name, values]) => [name, name.endsWith('gamma') ? values.map(() => 1) : values]),
  );
  return { ...state, params: applyMask(network, mask, lively) };
}

function noise(samples: number): Dataset {
  const stream = randomStream({ seed: 4, purpose: 'noise' });
  return {
    imageShape: [9, 8, 3],
    classes: ['a', 'b', 'c', 'd'],
    images: Uint8Array.from({ length: samples * 216 }, () => stream.below(256)),
    labels: Uint16Array.from({ length: samples }, () => stream.below(4)),
  };
}

const options: TrainOptions = {
  epochs: 2,
  batchSize: 16,
  learningRate: 0.05,
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
  normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  augmentation: { cropPadding: 1, flip: true },
  momentMode: { kind: 'pooled' },
  proximal: 0.1,
  stream: { seed: 3, purpose: 'engine test' },
  topGradients: [],
};

async function loaded(trainer: Trainer, density: number): Promise<Trainer> {
  const mask = randomMask(graph, density);
  await trainer.load(graph, stateUnder(graph, mask), mask);
  return trainer;
}

/** A worker's side in a few lines of plain JavaScript, since a test has no compiled file to start one from. */
const THREAD = `
  const { parentPort } = require('node:worker_threads');
  parentPort.once('message', ({ module, memory, control, thread, threads }) => {
    const sleep = (address, known) => Atomics.wait(new Int32Array(memory.buffer), address >> 2, known, 20);
    const { exports } = new WebAssembly.Instance(module, { env: { memory, abort() {}, sleep } });
    parentPort.postMessage('ready');
    exports.serve(control, thread, threads);
  });
`;

const startThread: StartEngineThread = (task) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(THREAD, { eval: true });
    worker.once('error', reject);
    worker.once('message', () => {
      resolve({
        stop: async () => {
          await worker.terminate();
        },
      });
    });
    worker.postMessage(task);
  });

describe('the build', () => {
  it('is at most 64 KB each and starts in 50 ms', async () => {
    const { single, shared } = kernelBytes();
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    await instantiateKernels(memory);
    const start = performance.now();
    await instantiateKernels(memory);
    const elapsed = performance.now() - start;

    expect(single).toBeLessThanOrEqual(65_536);
    expect(shared).toBeLessThanOrEqual(65_536);
    expect(elapsed).toBeLessThanOrEqual(50);
  });
});

describe('memory', () => {
  it('is planned to the byte before the first step', async () => {
    const trainer = await createSparseTrainer();
    await loaded(trainer, 0.1);
    const before = trainer.memory();
    await trainer.train(noise(21), options);
    const after = trainer.memory();
    const evaluated = await trainer.evaluate(noise(5), {
      batchSize: 4,
      normalization: options.normalization,
    });
    await trainer.predict(noiseBatch(graph, 3, 1));

    expect(before.plannedBytes).toBe(before.allocatedBytes);
    expect(after.plannedBytes).toBe(after.allocatedBytes);
    expect(trainer.footprint().peakBytes).toBe(after.allocatedBytes);
    expect(trainer.memory()).toEqual(after);
    expect(evaluated.samples).toBe(5);
  });

  it('falls with the batch', async () => {
    const bytesAt = async (batchSize: number): Promise<number> => {
      const trainer = await createSparseTrainer();
      await loaded(trainer, 0.1);
      await trainer.train(noise(64), { ...options, epochs: 1, batchSize });
      return trainer.memory().allocatedBytes;
    };
    const [small, middle, large] = [await bytesAt(4), await bytesAt(16), await bytesAt(64)];

    expect(small).toBeLessThan(middle);
    expect(middle).toBeLessThan(large);
  });

  it('within a budget trains in parts and accumulates: without norms, to the same result', async () => {
    const mlp = buildModel({ name: 'mlp', width: 40 }, [9, 8, 3], 4);
    const mask = randomMask(mlp, 0.2);
    const layer = maskableSpecs(mlp)[0]!.name;
    const run = async (memoryBudget: number) => {
      const trainer = await createSparseTrainer({ memoryBudget });
      await trainer.load(mlp, stateUnder(mlp, mask), mask);
      const asked = { ...options, batchSize: 200, topGradients: [{ layer, count: 9 }] };
      const result = await trainer.train(noise(300), asked);
      return { result, bytes: trainer.memory().allocatedBytes };
    };
    const whole = await run(2 ** 30);
    const parts = await run(whole.bytes - 3 * 65536);

    expect(whole.result.microBatch).toBe(200);
    expect(parts.result.microBatch).toBeLessThan(200);
    expect(parts.bytes).toBeLessThanOrEqual(whole.bytes - 3 * 65536);
    expect(parts.result.steps).toBe(whole.result.steps);
    expect(parts.result.topGradients[0]!.indices).toEqual(whole.result.topGradients[0]!.indices);
    for (const [name, values] of whole.result.state.params) {
      const other = parts.result.state.params.get(name)!;
      expect(Math.max(...values.map((value, i) => Math.abs(value - other[i]!)))).toBeLessThan(1e-4);
    }
  });

  it('refuses a budget below the smallest plan with the bytes it would need', async () => {
    const trainer = await createSparseTrainer({ memoryBudget: 100_000 });

    await expect(loaded(trainer, 0.1)).rejects.toMatchObject({
      code: 'memory_budget',
      facts: { budget: 100_000 },
    });
  });
});

describe('a change of the mask', () => {
  it.each([0.2, 0.95])(
    'from density %p, by lists or densely, gives what a fresh load gives, and the counts need not stay',
    async (density) => {
      const first = randomMask(graph, density);
      const changed = first.successor(
        first.layers.slice(3, 5).map(({ name, size, active }) => randomLayer(name, size, active.length, 9)),
      );
      const denser = randomMask(graph, 0.3, 5);
      const batch = noiseBatch(graph, 6, 2);
      const kept = await createSparseTrainer();
      await kept.load(graph, stateUnder(graph, first), first);
      await kept.gradients(batch);

      for (const mask of [changed, denser, first]) {
        const fresh = await createSparseTrainer();
        await fresh.load(graph, stateUnder(graph, mask), mask);
        await kept.load(graph, stateUnder(graph, mask), mask);

        expect(await kept.gradients(batch)).toEqual(await fresh.gradients(batch));
        expect(await kept.train(noise(20), options)).toEqual(await fresh.train(noise(20), options));
      }
    },
  );
});

describe('a layer that keeps most of its weights', () => {
  it('gives the same result by the dense path as by the lists, to rounding', async () => {
    const mask = randomMask(graph, 0.7);
    const batch = noiseBatch(graph, 6, 2);
    const requests = mask.layers.slice(0, 3).map(({ name }) => ({ layer: name, count: 5 }));
    const [dense, lists] = await Promise.all(
      [0, 2].map(async (denseFrom) => {
        const trainer = await createSparseTrainer({ denseFrom });
        await trainer.load(graph, stateUnder(graph, mask), mask);
        const { gradients } = await trainer.gradients(batch);
        const top = await trainer.topGradients(batch, requests);
        const { state } = await trainer.train(noise(20), options);
        return { gradients, top, params: state.params };
      }),
    );

    expect(dense!.top.map(({ indices }) => indices)).toEqual(lists!.top.map(({ indices }) => indices));
    for (const tree of ['gradients', 'params'] as const) {
      for (const [name, values] of lists![tree]) {
        const other = dense![tree].get(name)!;
        const largest = Math.max(...values.map(Math.abs));
        const worst = Math.max(...values.map((value, i) => Math.abs(value - other[i]!)));
        expect(worst).toBeLessThanOrEqual(1e-4 * Math.max(largest, 1e-3));
      }
    }
    for (const { name, active } of mask.layers) {
      const kept = new Set(active);
      expect(dense!.params.get(name)!.every((value, i) => kept.has(i) || value === 0)).toBe(true);
    }
  });
});

describe('threads', () => {
  it('do not change a bit of the result', async () => {
    const run = async (threads: number) => {
      const trainer = await createSparseTrainer({ threads, startThread });
      await loaded(trainer, 0.3);
      const result = await trainer.train(noise(21), options);
      const gradients = await trainer.gradients(noiseBatch(graph, 5, 3));
      await trainer.dispose();
      return { result, gradients };
    };

    expect(await run(2)).toEqual(await run(1));
    expect(await run(3)).toEqual(await run(1));
  });

  it.each([0, 1.5, 2])('refuses %p threads without a way to start them', async (threads) => {
    await expect(createSparseTrainer({ threads })).rejects.toThrow('[invalid_argument]');
  });
});

describe('the bench', () => {
  it('measures in turn with a reference, by the clock it is given', async () => {
    let now = 0;
    const clock = (): number => (now += 8);
    const engine = await createSparseTrainer();
    const reference = await createSparseTrainer({ recompute: false });
    const result = await benchEngine({ graph, density: 0.1, batch: 8, engine, reference, clock, rounds: 1 });

    // Five batches of 8 in one tick of 8 ms; and one step a tick.
    expect(result.msPerImage).toEqual({ forward: 0.2, train: 1 });
    expect(result.reference).toMatchObject({ name: 'engine-wasm', msPerImage: { forward: 0.5, train: 1 } });
    expect(result.speedup).toEqual({ forward: 2.5, train: 1 });
    expect(result.plannedBytes).toBe(result.allocatedBytes);
    expect(result.usefulGflops).toBeCloseTo((2 * engine.footprint().trainMacsPerSample) / 1e6, 12);
  });
});
