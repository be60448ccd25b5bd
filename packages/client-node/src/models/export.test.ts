import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTfjsTrainer } from '@espalier/client/tfjs';
import {
  buildModel,
  EspalierError,
  initialState,
  keptCount,
  Mask,
  maskableSpecs,
  proceduralDataset,
  topK,
  zooNames,
  type ModelGraph,
  type ModelState,
  type Trainer,
} from '@espalier/core';
import { exportLayersModel, importLayersModel, type ExportedLayersModel } from '@espalier/core/formats';
import { smallGraphs, unevenState } from '@espalier/core/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  loadedByTfjs,
  predictionsHere,
  predictionsOf,
  someImages,
  worstDifference,
} from '../testing/layers-models.js';
import { writeLayersModel } from './index.js';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await createTfjsTrainer({ backend: 'wasm' });
});
afterAll(() => trainer.dispose());

const normalization = { mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] };
const images = proceduralDataset({
  imageShape: [12, 12, 3],
  numClasses: 3,
  samplesPerClass: 4,
  seed: 3,
  split: 'train',
});

/** A tenth of each layer, by magnitude. */
function sparseMask(graph: ModelGraph, { params }: ModelState): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => {
      const scores = (params.get(name) ?? new Float32Array()).map(Math.abs);
      return { name, size, active: topK(scores, keptCount(0.1, size)) };
    }),
  );
}

async function trained(graph: ModelGraph): Promise<{ readonly state: ModelState; readonly mask: Mask }> {
  const fresh = initialState(graph, 7);
  const mask = sparseMask(graph, fresh);
  await trainer.load(graph, fresh, mask);
  const { state } = await trainer.train(images, {
    epochs: 2,
    batchSize: 6,
    learningRate: 0.02,
    optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
    normalization,
    augmentation: null,
    momentMode: { kind: 'pooled' },
    proximal: 0,
    stream: { seed: 7, purpose: 'export test' },
    topGradients: [],
  });
  return { state, mask };
}

async function predictedByTfjs(
  { modelJson, weightData }: ExportedLayersModel,
  graph: ModelGraph,
): Promise<Float32Array> {
  const model = await loadedByTfjs({ modelJson, weights: weightData });
  const predictions = predictionsOf(model, someImages(graph, 3), 3);
  model.dispose();
  return predictions;
}

describe.each(zooNames())('%s, pruned and trained here', (name) => {
  it('predicts the same in plain tfjs, and after a trip back', async () => {
    const graph = buildModel({ name, width: 4 }, [12, 12, 3], 3);
    const { state, mask } = await trained(graph);

    const logits = exportLayersModel(graph, state, mask);
    const probabilities = exportLayersModel(graph, state, mask, {
      softmax: true,
      classes: images.classes,
      normalization,
    });
    const back = importLayersModel(
      JSON.parse(JSON.stringify(probabilities.modelJson)),
      probabilities.weightData,
    );

    const here = await predictionsHere(trainer, { graph, state, softmax: false }, 3);
    expect(worstDifference(await predictedByTfjs(logits, graph), here)).toBeLessThanOrEqual(1e-5);
    expect(back).toMatchObject({ softmax: true, classes: images.classes, normalization });
    expect(back.state).toEqual(state);
    const softmaxed = await predictionsHere(trainer, back, 3);
    expect(worstDifference(await predictedByTfjs(probabilities, graph), softmaxed)).toBeLessThanOrEqual(1e-5);
  });
});

describe('a model written to a folder', () => {
  it('is what tfjs loads', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'espalier-export-'));
    const graph = buildModel({ name: 'cnn-small', width: 4 }, [12, 12, 3], 3);
    const state = unevenState(graph, 4);

    const [file = '', ...shards] = await writeLayersModel(folder, exportLayersModel(graph, state, null));
    const model = await loadedByTfjs({
      modelJson: JSON.parse(await readFile(file, 'utf8')) as unknown,
      weights: new Uint8Array(Buffer.concat(await Promise.all(shards.map((shard) => readFile(shard))))),
    });
    await rm(folder, { recursive: true });

    const here = await predictionsHere(trainer, { graph, state, softmax: false }, 3);
    expect(worstDifference(predictionsOf(model, someImages(graph, 3), 3), here)).toBeLessThanOrEqual(1e-5);
    model.dispose();
  });
});

describe('any graph', () => {
  it('predicts the same in plain tfjs, or the error names what tfjs has no layer for', async () => {
    let exported = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(smallGraphs({ maxSteps: 5 }), fc.nat(1000), async (graph, seed) => {
        const state = unevenState(graph, seed);
        let model: ExportedLayersModel;
        try {
          model = exportLayersModel(graph, state, null);
        } catch (error) {
          refused++;
          expect((error as EspalierError).code).toBe('op_unsupported');
          return;
        }
        exported++;
        const back = importLayersModel(JSON.parse(JSON.stringify(model.modelJson)), model.weightData);
        const here = await predictionsHere(trainer, { graph, state, softmax: false }, 3);
        expect(worstDifference(await predictedByTfjs(model, graph), here)).toBeLessThanOrEqual(1e-5);
        expect(worstDifference(await predictionsHere(trainer, back, 3), here)).toBeLessThanOrEqual(1e-5);
      }),
      { seed: 12, numRuns: 60 },
    );
    expect(exported).toBeGreaterThan(25);
    expect(refused).toBeGreaterThan(3);
  });
});
