import { describe, expect, it } from '@jest/globals';
import { Mask } from '../mask/mask.js';
import { copyState } from '../params/model-state.js';
import type { Trainer } from '../trainer/trainer.js';
import { unevenState } from './network-arbitrary.js';
import {
  batchOf,
  evaluateOptions,
  maskAt,
  smallNetwork,
  trainOptions,
  twoClasses,
  type MakeTrainer,
} from './trainer-contract-fixtures.js';

/** Nothing of one network reaches the next. */
export function loadingContract(makeTrainer: MakeTrainer): void {
  const state = unevenState(smallNetwork, 21);
  const dataset = twoClasses(10);
  const candidates = [0.2, 0.5, 0.9].map((density) => maskAt(smallNetwork, density));
  const lossOf = async (trainer: Trainer, mask: Mask | null): Promise<number> => {
    await trainer.load(smallNetwork, state, mask);
    return (await trainer.evaluate(dataset, evaluateOptions)).lossSum;
  };

  describe('load', () => {
    it('masks a copy, so that the order of candidates does not matter', async () => {
      const own = copyState(state);
      const trainer = await makeTrainer();
      const alone: number[] = [];
      for (const mask of candidates) {
        const fresh = await makeTrainer();
        alone.push(await lossOf(fresh, mask));
        await fresh.dispose();
      }
      const forwards: number[] = [];
      for (const mask of candidates) forwards.push(await lossOf(trainer, mask));
      const backwards: number[] = [];
      for (const mask of candidates.toReversed()) backwards.push(await lossOf(trainer, mask));
      await trainer.dispose();

      expect(forwards).toEqual(alone);
      expect(backwards.toReversed()).toEqual(alone);
      expect(new Set(alone).size).toBe(3);
      expect(state).toEqual(own);
    });

    it('leaves nothing of the mask and the optimiser before', async () => {
      const options = {
        ...trainOptions,
        optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0.01 },
      } as const;
      const [sparse, middle] = candidates as [Mask, Mask, Mask];
      const fresh = await makeTrainer();
      await fresh.load(smallNetwork, state, middle);
      const expected = await fresh.train(dataset, options);
      await fresh.dispose();

      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, sparse);
      await trainer.train(dataset, options);
      await trainer.load(smallNetwork, state, null);
      await trainer.train(dataset, options);
      await trainer.load(smallNetwork, state, middle);
      const found = await trainer.train(dataset, options);
      await trainer.dispose();

      expect(found).toEqual(expected);
    });

    it('takes networks of other shapes in turn', async () => {
      const other = {
        ...smallNetwork,
        name: 'other',
        nodes: smallNetwork.nodes.map((node) =>
          node.op === 'dense' && node.name === 'hidden' ? { ...node, units: 7 } : node,
        ),
      };
      const trainer = await makeTrainer();
      const before = await lossOf(trainer, null);
      await trainer.load(other, unevenState(other, 1), maskAt(other, 0.3));
      await trainer.train(dataset, trainOptions);
      const after = await lossOf(trainer, null);
      await trainer.dispose();

      expect(after).toBe(before);
    });

    it('refuses what does not fit, and keeps what it had', async () => {
      const trainer = await makeTrainer();
      const before = await lossOf(trainer, null);
      const alien = new Mask([{ name: 'fc/kernel', size: 8, active: Uint32Array.of(0) }]);
      const short = { ...state, params: new Map([...state.params, ['fc/bias', new Float32Array(1)]]) };
      const broken = {
        ...state,
        params: new Map([...state.params, ['fc/bias', Float32Array.of(0, Number.NaN)]]),
      };

      await expect(trainer.load(smallNetwork, state, alien)).rejects.toThrow('[invalid_mask]');
      await expect(trainer.load(smallNetwork, short, null)).rejects.toThrow('[invalid_params]');
      await expect(trainer.load(smallNetwork, broken, null)).rejects.toThrow('[invalid_params]');
      await expect(trainer.load({ ...smallNetwork, output: 'pool' }, state, null)).rejects.toThrow(
        '[invalid_graph]',
      );
      expect((await trainer.evaluate(dataset, evaluateOptions)).lossSum).toBe(before);
      await trainer.dispose();
    });

    it('comes first and dispose last', async () => {
      const trainer = await makeTrainer();

      await expect(trainer.evaluate(dataset, evaluateOptions)).rejects.toThrow('[invalid_argument]');
      expect(() => trainer.footprint()).toThrow('[invalid_argument]');
      await trainer.load(smallNetwork, state, null);
      await trainer.dispose();
      await trainer.dispose();
      await expect(trainer.evaluate(dataset, evaluateOptions)).rejects.toThrow('[invalid_argument]');
      await expect(trainer.load(smallNetwork, state, null)).rejects.toThrow('[invalid_argument]');
    });

    it('and every other call wait for one another, on one trainer and on two', async () => {
      const batch = batchOf(dataset, evaluateOptions.normalization);
      const run = (trainer: Trainer): Promise<unknown[]> =>
        Promise.all([
          trainer.load(smallNetwork, state, candidates[0]!),
          trainer.train(dataset, trainOptions),
          trainer.evaluate(dataset, evaluateOptions),
          trainer.load(smallNetwork, state, null),
          trainer.predict(batch),
        ]);
      const [first, second] = [await makeTrainer(), await makeTrainer()];

      const [one, two] = await Promise.all([run(first), run(second)]);

      expect(one).toEqual(two);
      expect(await run(first)).toEqual(one);
      await Promise.all([first.dispose(), second.dispose()]);
    });
  });
}
