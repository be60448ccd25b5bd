import { describe, expect, it } from '@jest/globals';
import { canaryGradients } from '@espalier/client';
import { buildModel, makeCanary, type Trainer } from '@espalier/core';
import { createSparseTrainer } from '@espalier/engine';
import { backendProblem, canaryHash, checkDevice, ENGINE_CANARY } from './device-check.js';

const job = {
  graph: buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3),
  batchSize: 8,
  targetDensity: 0.2,
};

/** A backend whose gradients are off by a tenth in one layer. */
async function brokenTrainer(): Promise<Trainer> {
  const engine = await createSparseTrainer();
  const trainer: Trainer = {
    name: 'tfjs-broken',
    ops: engine.ops,
    denseFrom: engine.denseFrom,
    load: (graph, state, mask) => engine.load(graph, state, mask),
    train: (dataset, options, control) => engine.train(dataset, options, control),
    gradients: async (batch) => {
      const { loss, gradients } = await engine.gradients(batch);
      const wrong = new Map(gradients);
      wrong.set(
        'conv2/kernel',
        Float32Array.from(gradients.get('conv2/kernel') ?? [], (value) => 1.1 * value),
      );
      return { loss, gradients: wrong };
    },
    topGradients: (batch, requests) => engine.topGradients(batch, requests),
    batchNormMoments: (dataset, options) => engine.batchNormMoments(dataset, options),
    evaluate: (dataset, options) => engine.evaluate(dataset, options),
    predict: (batch) => engine.predict(batch),
    footprint: () => engine.footprint(),
    dispose: () => engine.dispose(),
  };
  return trainer;
}

describe('the device check', () => {
  it('knows what the engine computes on the canary, to the bit', async () => {
    const canary = makeCanary();
    const gradients = await canaryGradients(await createSparseTrainer(), canary);
    expect(canaryHash(canary.graph, gradients)).toBe(ENGINE_CANARY);
  });

  it('says what a sound device needs', async () => {
    let now = 0;
    const clock = (): number => (now += 8);
    const report = await checkDevice(await createSparseTrainer(), job, { reference: null, clock });
    expect(report).toMatchObject({ backend: 'engine-wasm', problem: null, millisecondsPerImage: 1 });
    expect(report.memoryBytes).toBeGreaterThan(0);
  });

  it('refuses a backend that computes wrongly by its name and its layer', async () => {
    const reference = await canaryGradients(await createSparseTrainer(), makeCanary());
    const broken = await brokenTrainer();
    expect(await backendProblem(broken, reference)).toMatch(
      /^tfjs-broken cannot be used here: .*conv2\/kernel.*10\.0 %/,
    );
    expect(await backendProblem(broken, null)).toMatch(/^tfjs-broken cannot be used here/);
  });

  it('names the memory that a model needs where the tab has too little', async () => {
    const engine = await createSparseTrainer({ memoryBudget: 5e5 });
    const big = { ...job, graph: buildModel({ name: 'cnn-small', width: 24 }, [16, 16, 3], 10) };
    const { problem } = await checkDevice(engine, big, { reference: null, clock: () => 0 });
    expect(problem).toMatch(/needs \d+ MB\. Close other tabs/);
  });
});
