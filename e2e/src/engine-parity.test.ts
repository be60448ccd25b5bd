import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  applyMask,
  buildModel,
  initialState,
  inputShape,
  numClasses,
  randomStream,
  type Dataset,
  type Mask,
  type ModelGraph,
  type ModelState,
  type ParamTree,
  type Trainer,
  type TrainOptions,
} from '@espalier/core';
import {
  doubled,
  masksOf,
  noiseBatch,
  referenceForward,
  smallGraphs,
  unevenState,
} from '@espalier/core/testing';
import { createTfjsTrainer } from '@espalier/client/tfjs';
import { createSparseTrainer } from '@espalier/engine';
import fc from 'fast-check';

/** Nearer to a kink of relu or max-pool than this, float32 may take the other side. */
const KINK = 1e-4;

describe('the engine and the tfjs cpu trainer', () => {
  let engine: Trainer;
  let tfjs: Trainer;

  beforeAll(async () => {
    engine = await createSparseTrainer();
    tfjs = await createTfjsTrainer({ backend: 'cpu' });
  });

  afterAll(async () => {
    await engine.dispose();
    await tfjs.dispose();
  });

  it('agree on every gradient within 1e-4 of the layer’s largest', async () => {
    const cases = smallGraphs({ maxSteps: 6, maxExtent: 7 }).chain((graph) =>
      fc.tuple(fc.constant(graph), masksOf(graph), fc.integer({ min: 1, max: 9 }), fc.nat(1000)),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([graph, mask, size, seed]) => {
        const state = unevenState(graph, 3, mask);
        const batch = noiseBatch(graph, size, seed);
        fc.pre(referenceForward(graph, doubled(state.params), batch).nearestKink > KINK);
        await engine.load(graph, state, mask);
        await tfjs.load(graph, state, mask);
        const own = await engine.gradients(batch);
        const other = await tfjs.gradients(batch);

        expect(Math.abs(own.loss - other.loss)).toBeLessThanOrEqual(1e-5 * Math.max(1, other.loss));
        expectClose(own.gradients, other.gradients, 1e-4);
        expect(await engine.gradients(batch)).toEqual(own);
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  it.each(['mlp', 'cnn-small', 'resnet18'])(
    'agree on the weights of %s after 20 steps within 1e-3',
    async (name) => {
      // The wasm backend computes the same float32 and is many times faster.
      const wasm = await createTfjsTrainer({ backend: 'wasm' });
      const graph = buildModel({ name, width: 4 }, [8, 8, 3], 4);
      const [mask] = fc.sample(masksOf(graph), { seed: 2, numRuns: 1 });
      const state = applied(graph, mask!);
      await engine.load(graph, state, mask!);
      await wasm.load(graph, state, mask!);
      const own = await engine.train(noise(graph, 40), options);
      const other = await wasm.train(noise(graph, 40), options);

      await wasm.dispose();

      expect(own.steps).toBe(20);
      expectWithin(own.state.params, other.state.params, 1e-3);
    },
  );

  it('agree where images are large enough that layers run in stripes, whatever ran before', async () => {
    const wasm = await createTfjsTrainer({ backend: 'wasm' });
    const graph = buildModel({ name: 'resnet18', width: 16 }, [32, 32, 3], 4);
    const [mask] = fc.sample(masksOf(graph), { seed: 3, numRuns: 1 });
    const state = applied(graph, mask!);
    await engine.load(graph, state, mask!);
    await wasm.load(graph, state, mask!);
    // Data that a smaller batch leaves in memory are not where the next one clears.
    await engine.gradients(noiseBatch(graph, 5, 1));
    const batch = noiseBatch(graph, 16, 2);
    const own = await engine.gradients(batch);
    const other = await wasm.gradients(batch);

    expect(Math.abs(own.loss - other.loss)).toBeLessThanOrEqual(1e-5 * other.loss);
    expectClose(own.gradients, other.gradients, 1e-3);
    await wasm.dispose();
  });
});

const options: TrainOptions = {
  epochs: 4,
  batchSize: 8,
  learningRate: 0.01,
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
  normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  augmentation: { cropPadding: 1, flip: true },
  momentMode: { kind: 'pooled' },
  proximal: 0.01,
  stream: { seed: 5, purpose: 'parity' },
  topGradients: [],
};

/** Fresh weights under the mask: a state in which a rounding error does not grow from step to step. */
function applied(graph: ModelGraph, mask: Mask): ModelState {
  const state = initialState(graph, 5);
  return { ...state, params: applyMask(graph, mask, state.params) };
}

function noise(graph: ModelGraph, samples: number): Dataset {
  const [height = 1, width = 1, channels = 1] = inputShape(graph);
  const stream = randomStream({ seed: 6, purpose: 'parity images' });
  const classes = numClasses(graph);
  return {
    imageShape: [height, width, channels],
    classes: Array.from({ length: classes }, (_, i) => String(i)),
    images: Uint8Array.from({ length: samples * height * width * channels }, () => stream.below(256)),
    labels: Uint16Array.from({ length: samples }, () => stream.below(classes)),
  };
}

/** A layer whose gradient all but vanishes is measured by a hundredth of the largest of all. */
function expectClose(found: ParamTree, expected: ParamTree, tolerance: number): void {
  const overall = Math.max(...[...expected.values()].map(largest));
  const wrong = [...expected].flatMap(([name, values]) => {
    const error =
      distance(found.get(name)!, values) / Math.max(largest(values), 1e-2 * overall, Number.MIN_VALUE);
    return error <= tolerance ? [] : [{ name, error }];
  });
  expect(wrong).toEqual([]);
}

function expectWithin(found: ParamTree, expected: ParamTree, tolerance: number): void {
  const errors = [...expected].map(([name, values]) => distance(found.get(name)!, values));
  expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance);
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** NaN where either holds one, so that no comparison passes. */
function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
