import { describe, expect, it } from '@jest/globals';
import { topInactive } from '../mask/bounded-top-k.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import { noiseBatch, unevenState } from './network-arbitrary.js';
import { trainingBatches } from './reference-training.js';
import {
  maskAt,
  smallNetwork,
  trainOptions,
  twoClasses,
  type MakeTrainer,
} from './trainer-contract-fixtures.js';

/** The largest gradients of inactive weights. */
export function topGradientContract(makeTrainer: MakeTrainer): void {
  const mask = maskAt(smallNetwork, 0.5);
  const state = unevenState(smallNetwork, 8);
  const batch = noiseBatch(smallNetwork, 6, 3);
  const requests: readonly TopGradientRequest[] = [
    { layer: 'hidden/kernel', count: 5 },
    { layer: 'branch/kernel', count: 7 },
  ];

  describe('topGradients', () => {
    it('are the top of the dense gradients, at inactive positions alone, in the order asked for', async () => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      const { gradients } = await trainer.gradients(batch);
      const top = await trainer.topGradients(batch, requests);
      await trainer.dispose();

      const expected = requests.map(({ layer, count }) => ({
        layer,
        ...topInactive(mask.layer(layer)!, gradients.get(layer)!, count),
      }));
      expect(top).toEqual(expected);
      expect(top.map(({ indices }) => indices.length)).toEqual([5, 7]);
    });

    it('are fewer where fewer weights are inactive, and none without a mask', async () => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      const [all] = await trainer.topGradients(batch, [{ layer: 'hidden/kernel', count: 10_000 }]);
      const [none] = await trainer.topGradients(batch, [{ layer: 'hidden/kernel', count: 0 }]);
      await trainer.load(smallNetwork, state, null);
      const [dense] = await trainer.topGradients(batch, [{ layer: 'hidden/kernel', count: 3 }]);
      await trainer.dispose();

      const { size, active } = mask.layer('hidden/kernel')!;
      expect(all!.indices).toHaveLength(size - active.length);
      expect(none!.indices).toHaveLength(0);
      expect(dense).toEqual({
        layer: 'hidden/kernel',
        indices: new Uint32Array(0),
        values: new Float32Array(0),
      });
    });

    it('of a training run are those of its last batch, before the step', async () => {
      const options = { ...trainOptions, epochs: 2, learningRate: 0, topGradients: requests };
      const dataset = twoClasses(10);
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      const { topGradients } = await trainer.train(dataset, options);
      // At rate 0 the weights are still those loaded.
      const expected = await trainer.topGradients([...trainingBatches(dataset, options)].at(-1)!, requests);
      await trainer.dispose();

      expect(topGradients).toEqual(expected);
    });

    it('do not change the run that reports them', async () => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      const quiet = await trainer.train(twoClasses(10), trainOptions);
      await trainer.load(smallNetwork, state, mask);
      const reporting = await trainer.train(twoClasses(10), { ...trainOptions, topGradients: requests });
      await trainer.dispose();

      expect(reporting.state).toEqual(quiet.state);
    });

    it('are refused for layers that cannot be pruned', async () => {
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);

      for (const layer of ['stem/kernel', 'fc/kernel', 'bn/gamma', 'nowhere/kernel']) {
        await expect(trainer.topGradients(batch, [{ layer, count: 1 }])).rejects.toThrow(
          '[invalid_argument]',
        );
      }
      await trainer.dispose();
    });
  });
}
