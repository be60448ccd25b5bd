import { describe, expect, it } from '@jest/globals';
import { trainMacs } from '../budget/macs.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { ModelState } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import { unevenState } from './network-arbitrary.js';
import { doubled, referenceForward } from './reference-network.js';
import {
  batchOf,
  distance,
  evaluateOptions,
  largest,
  maskAt,
  smallNetwork,
  twoClasses,
  type MakeTrainer,
  type TrainerContractOptions,
} from './trainer-contract-fixtures.js';

/** Inference: logits, summed losses, correct counts, footprint. */
export function evaluationContract(makeTrainer: MakeTrainer, { tolerance }: TrainerContractOptions): void {
  const mask = maskAt(smallNetwork, 0.4);
  const state = unevenState(smallNetwork, 12);
  const dataset = twoClasses(10);
  const batch = batchOf(dataset, evaluateOptions.normalization);
  const expected = referenceForward(
    smallNetwork,
    doubled(applyMask(smallNetwork, mask, state.params)),
    batch,
    state.moments,
  );

  describe('inference', () => {
    it('predicts the logits of the loaded moments', async () => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      const logits = await trainer.predict(batch);
      await trainer.dispose();

      expect(distance(logits, expected.logits)).toBeLessThanOrEqual(tolerance * largest(expected.logits));
    });

    it.each([1, 4, 64])('sums losses and counts hits in batches of %p', async (batchSize) => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      const { lossSum, correct, samples } = await trainer.evaluate(dataset, {
        ...evaluateOptions,
        batchSize,
      });
      await trainer.dispose();

      const hits = [...dataset.labels].filter((label, i) => {
        const [dark = 0, bright = 0] = expected.logits.subarray(2 * i, 2 * i + 2);
        return label === (bright > dark ? 1 : 0);
      });
      expect(Math.abs(lossSum - expected.lossSum)).toBeLessThanOrEqual(tolerance * expected.lossSum * 10);
      expect(correct).toBe(hits.length);
      expect(samples).toBe(10);
    });

    it('takes the lower class of equals', async () => {
      const zeros = new Map([...state.params].map(([name, values]) => [name, values.map(() => 0)]));
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, { ...state, params: zeros }, null);
      const { correct, lossSum } = await trainer.evaluate(twoClasses(7), evaluateOptions);
      await trainer.dispose();

      expect(correct).toBe(4);
      expect(lossSum).toBeCloseTo(7 * Math.LN2, 5);
    });

    it('says what it costs', async () => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      await trainer.evaluate(dataset, evaluateOptions);
      const { peakBytes, forwardMacsPerSample, trainMacsPerSample } = trainer.footprint();
      const declared = trainMacs(smallNetwork, mask, trainer.denseFrom);
      await trainer.dispose();

      expect({ forwardMacsPerSample, trainMacsPerSample }).toEqual({
        forwardMacsPerSample: declared.forward,
        trainMacsPerSample: declared.total,
      });
      expect(peakBytes).toBeGreaterThan(bytesOf(smallNetwork, state) / 4);
    });
  });
}

function bytesOf(_: ModelGraph, { params }: ModelState): number {
  return [...params.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
}
