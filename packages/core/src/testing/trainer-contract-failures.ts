import { describe, expect, it } from '@jest/globals';
import { isEspalierError, type EspalierError } from '../errors.js';
import type { Dataset } from '../data/dataset.js';
import type { TrainControl, Trainer, TrainOptions } from '../trainer/trainer.js';
import { unevenState } from './network-arbitrary.js';
import {
  batchOf,
  evaluateOptions,
  smallNetwork,
  trainOptions,
  twoClasses,
  type MakeTrainer,
} from './trainer-contract-fixtures.js';

/** Runs that end early leave the trainer as it was. */
export function failureContract(makeTrainer: MakeTrainer): void {
  const state = unevenState(smallNetwork, 31);
  const dataset = twoClasses(10);
  const withLoaded = async (work: (trainer: Trainer) => Promise<void>): Promise<void> => {
    const trainer = await makeTrainer();
    await trainer.load(smallNetwork, state, null);
    const before = await trainer.evaluate(dataset, evaluateOptions);
    await work(trainer);
    expect(await trainer.evaluate(dataset, evaluateOptions)).toEqual(before);
    const { steps } = await trainer.train(dataset, trainOptions);
    expect(steps).toBe(3);
    await trainer.dispose();
  };
  const failing = async (
    trainer: Trainer,
    options: Partial<TrainOptions>,
    control?: TrainControl,
  ): Promise<EspalierError> => {
    const outcome = await trainer
      .train(dataset, { ...trainOptions, ...options }, control)
      .catch((error: unknown) => error);
    if (isEspalierError(outcome)) return outcome;
    throw new Error('the run was to fail with an EspalierError');
  };

  describe('a run that fails', () => {
    it('says at which step the loss stopped being a number: at once on NaN in the input', async () => {
      await withLoaded(async (trainer) => {
        const { code, facts } = await failing(trainer, {
          normalization: { mean: [Number.NaN, 0], std: [1, 1] },
        });

        expect(code).toBe('training_diverged');
        expect(facts).toMatchObject({ epoch: 0, step: 0 });
      });
    });

    it('says so when the weights explode, in the last step too', async () => {
      await withLoaded(async (trainer) => {
        const early = await failing(trainer, { learningRate: 1e38, epochs: 3 });
        const last = await failing(trainer, {
          learningRate: 1e38,
          optimizer: { kind: 'sgd', momentum: 0, weightDecay: 1e6 },
          batchSize: 64,
        });

        expect(early.code).toBe('training_diverged');
        expect(last.code).toBe('training_diverged');
        expect(last.facts).toMatchObject({ epoch: 0, step: 0 });
      });
    });

    it('ends with aborted when told to, before it starts or on the way', async () => {
      await withLoaded(async (trainer) => {
        const early = await failing(trainer, {}, { signal: { aborted: true } });
        const signal = { aborted: false };
        const onProgress = (): void => {
          signal.aborted = true;
        };
        const later = await failing(trainer, { epochs: 50 }, { signal, onProgress });

        expect(early.code).toBe('aborted');
        expect(later.code).toBe('aborted');
      });
    });

    it('passes on what a progress callback throws', async () => {
      await withLoaded(async (trainer) => {
        const onProgress = (): void => {
          throw new Error('no more');
        };

        await expect(trainer.train(dataset, trainOptions, { onProgress })).rejects.toThrow('no more');
      });
    });

    it.each<[string, Dataset]>([
      ['input_shape', { ...dataset, imageShape: [2, 8, 2] }],
      ['invalid_data', { ...dataset, images: dataset.images.subarray(1) }],
      ['invalid_data', { ...dataset, classes: ['a', 'b', 'c'] }],
      ['invalid_data', { ...dataset, images: new Uint8Array(0), labels: new Uint16Array(0) }],
    ])('refuses data with %s', async (code, data) => {
      await withLoaded(async (trainer) => {
        await expect(trainer.train(data, trainOptions)).rejects.toThrow(`[${code}]`);
        await expect(trainer.evaluate(data, evaluateOptions)).rejects.toThrow(`[${code}]`);
        await expect(
          trainer.batchNormMoments(data, { ...evaluateOptions, mode: { kind: 'pooled' } }),
        ).rejects.toThrow(`[${code}]`);
      });
    });

    it('refuses batches that do not fit', async () => {
      const batch = batchOf(dataset, evaluateOptions.normalization);
      const short = { ...batch, images: batch.images.subarray(1) };
      const stray = { ...batch, labels: batch.labels.map(() => 2) };

      await withLoaded(async (trainer) => {
        await expect(trainer.predict(short)).rejects.toThrow('[input_shape]');
        await expect(trainer.gradients(short)).rejects.toThrow('[input_shape]');
        await expect(trainer.gradients(stray)).rejects.toThrow('[invalid_data]');
      });
    });

    it.each<Partial<TrainOptions>>([
      { epochs: 0 },
      { batchSize: 0 },
      { batchSize: 1.5 },
      { learningRate: Number.NaN },
      { proximal: -1 },
      { optimizer: { kind: 'sgd', momentum: 1, weightDecay: 0 } },
      { momentMode: { kind: 'ema', momentum: 1.1, passes: 1 } },
      { topGradients: [{ layer: 'fc/kernel', count: 1 }] },
    ])('refuses the options %p', async (options) => {
      await withLoaded(async (trainer) => {
        expect((await failing(trainer, options)).code).toBe('invalid_argument');
      });
    });
  });
}
