import { describe, expect, it } from '@jest/globals';
import type { Dataset } from '../data/dataset.js';
import { copyState, type ModelState } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import type { Optimizer, TrainOptions, TrainProgress, TrainResult } from '../trainer/trainer.js';
import { lowPositions } from '../trainer/extrusion.js';
import { unevenState } from './network-arbitrary.js';
import { referenceTraining, trainingBatches, type GradientSource } from './reference-training.js';
import {
  distance,
  evaluateOptions,
  largest,
  maskAt,
  smallNetwork,
  trainOptions,
  twoClasses,
  type MakeTrainer,
  type TrainerContractOptions,
} from './trainer-contract-fixtures.js';

const sgd: Optimizer = { kind: 'sgd', momentum: 0.9, weightDecay: 0.01 };
const pressing = { penalty: 0.3, peakLearningRate: 0.4, maximumLearningRate: 0.1, share: 0.4 };
const adam: Optimizer = { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.01 };

/** Optimisers against the book; masks, short batches, determinism; learning. */
export function trainingContract(makeTrainer: MakeTrainer, { tolerance }: TrainerContractOptions): void {
  const mask = maskAt(smallNetwork, 0.4);
  const start = unevenState(smallNetwork, 2);
  const dataset = twoClasses(10);
  const run = async (options: Partial<TrainOptions>, data: Dataset = dataset): Promise<TrainResult> => {
    const trainer = await makeTrainer();
    try {
      await trainer.load(smallNetwork, start, mask);
      return await trainer.train(data, { ...trainOptions, ...options });
    } finally {
      await trainer.dispose();
    }
  };

  const gradientsAt: GradientSource = async (params, batch) => {
    const trainer = await makeTrainer();
    await trainer.load(smallNetwork, { ...start, params }, mask);
    const { gradients } = await trainer.gradients(batch);
    await trainer.dispose();
    return gradients;
  };

  describe('train', () => {
    it.each<[string, Partial<TrainOptions>]>([
      ['plain descent', {}],
      ['weight decay', { optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0.5 } }],
      ['momentum', { optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 } }],
      ['Adam', { optimizer: { ...adam, weightDecay: 0 }, learningRate: 0.01 }],
      ['Adam with weight decay', { optimizer: adam, learningRate: 0.01 }],
      ['the proximal term', { proximal: 2, optimizer: sgd, learningRate: 0.05 }],
      ['augmentation', { augmentation: { cropPadding: 1, flip: true } }],
      ['batches of one', { batchSize: 1, learningRate: 0.02 }],
      ['an extrusion', { extrusion: { ...pressing, layers: ['branch/kernel', 'hidden/kernel'] } }],
      [
        'an extrusion with momentum',
        { extrusion: { ...pressing, layers: ['hidden/kernel'] }, optimizer: sgd },
      ],
      [
        'an extrusion with Adam',
        { extrusion: { ...pressing, layers: ['hidden/kernel'] }, optimizer: adam, learningRate: 0.01 },
      ],
    ])('follows the book with %s, on active weights alone', async (_, options) => {
      const all = { ...trainOptions, epochs: 2, ...options };
      const data = twoClasses(6);

      const { state } = await run(all, data);

      const from = { graph: smallNetwork, state: start, mask };
      const expected = await referenceTraining(from, trainingBatches(data, all), all, gradientsAt);
      for (const [name, values] of expected) {
        // Errors of single gradients add up over the steps.
        const error = distance(state.params.get(name)!, values) / largest(values);
        expect(error).toBeLessThanOrEqual(10 * tolerance);
      }
    });

    it.each([
      ['SGD', sgd],
      ['Adam', adam],
    ])('keeps inactive weights at exactly 0 with %s', async (_, optimizer) => {
      const { state } = await run({ optimizer, epochs: 3, learningRate: 0.05 });

      expect(state.params).toEqual(applyMask(smallNetwork, mask, state.params));
      expect([...state.params.get('branch/kernel')!].filter((value) => value !== 0)).toHaveLength(
        mask.layer('branch/kernel')!.active.length,
      );
    });

    it('counts steps and samples, with a short last batch and with a batch larger than the data', async () => {
      const short = await run({ epochs: 2, batchSize: 4 });
      const whole = await run({ epochs: 2, batchSize: 64 });

      expect(short).toMatchObject({ steps: 6, samplesSeen: 20 });
      expect(short.losses).toHaveLength(2);
      expect(short.microBatch).toBeGreaterThanOrEqual(1);
      expect(short.microBatch).toBeLessThanOrEqual(4);
      expect(whole).toMatchObject({ steps: 2, samplesSeen: 20 });
    });

    it('gives the same bits for the same key, and other batches for another', async () => {
      const options = { optimizer: sgd, epochs: 2, augmentation: { cropPadding: 1, flip: true } };

      const once = await run(options);

      expect(await run(options)).toEqual(once);
      const other = await run({ ...options, stream: { ...trainOptions.stream, round: 1 } });
      expect(other.state.params).not.toEqual(once.state.params);
    });

    it('shuffles every epoch anew', async () => {
      const frozen = await run({ epochs: 3, learningRate: 0, batchSize: 3 });

      expect(frozen.state.params).toEqual(applyMask(smallNetwork, mask, start.params));
      expect(new Set(frozen.losses).size).toBeGreaterThan(1);
    });

    it('goes on from its result, with a fresh optimiser', async () => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, start, mask);
      const first = await trainer.train(dataset, { ...trainOptions, optimizer: sgd });
      const second = await trainer.train(dataset, { ...trainOptions, optimizer: sgd });
      await trainer.load(smallNetwork, first.state, mask);
      const again = await trainer.train(dataset, { ...trainOptions, optimizer: sgd });
      await trainer.dispose();

      expect(again).toEqual(second);
    });

    it('measures the proximal term from what was loaded, so that a strong one holds the weights', async () => {
      const free = await run({ epochs: 4, learningRate: 0.05 });
      const held = await run({ epochs: 4, learningRate: 0.05, proximal: 10 });
      const from = applyMask(smallNetwork, mask, start.params).get('hidden/kernel')!;

      const moved = (state: ModelState): number => distance(state.params.get('hidden/kernel')!, from);
      expect(moved(held.state)).toBeLessThan(moved(free.state) / 2);
    });

    it('presses the smallest weights towards 0', async () => {
      const free = await run({ epochs: 4, learningRate: 0.05 });
      const layers = ['hidden/kernel'];
      const extrusion = { penalty: 1, peakLearningRate: 0, maximumLearningRate: 0, share: 0.5, layers };
      const pressed = await run({ epochs: 4, learningRate: 0.05, extrusion });
      const from = start.params.get('hidden/kernel')!;
      const { active } = mask.layer('hidden/kernel')!;
      const low = lowPositions(
        Float32Array.from(active, (i) => Math.abs(from[i]!)),
        0.5,
      );
      const length = ({ params }: ModelState): number =>
        Math.hypot(...[...low].map((at) => params.get('hidden/kernel')![active[at]!]!));

      expect(length(pressed.state)).toBeLessThan(length(free.state) / 2);
    });

    it('learns two classes that can be told apart', async () => {
      const data = twoClasses(32);
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, start, mask);
      const before = await trainer.evaluate(data, evaluateOptions);
      const { losses } = await trainer.train(data, {
        ...trainOptions,
        epochs: 8,
        optimizer: sgd,
        learningRate: 0.05,
      });
      const after = await trainer.evaluate(data, evaluateOptions);
      await trainer.dispose();

      expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
      expect(after.lossSum).toBeLessThan(before.lossSum / 2);
      expect(after.correct).toBeGreaterThanOrEqual(30);
    });

    it('reports progress at least once an epoch', async () => {
      const seen: TrainProgress[] = [];
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, start, mask);
      await trainer.train(
        dataset,
        { ...trainOptions, epochs: 2 },
        { onProgress: (progress) => seen.push(progress) },
      );
      await trainer.dispose();

      expect(new Set(seen.map(({ epoch }) => epoch))).toEqual(new Set([0, 1]));
      for (const { batch, batches, loss } of seen) {
        expect(batches).toBe(3);
        expect(batch).toBeGreaterThanOrEqual(0);
        expect(batch).toBeLessThan(batches);
        expect(loss).toBeGreaterThan(0);
      }
    });

    it('changes none of its inputs', async () => {
      const own = copyState(start);
      const data = twoClasses(6);
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, own, mask);
      const { state } = await trainer.train(data, { ...trainOptions, optimizer: adam });
      const kept = copyState(state);
      await trainer.train(data, { ...trainOptions, optimizer: sgd });
      await trainer.dispose();

      expect(own).toEqual(start);
      expect(state).toEqual(kept);
      expect(data).toEqual(twoClasses(6));
    });
  });
}
