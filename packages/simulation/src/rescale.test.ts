import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ModelState } from '@espalier/core';
import { noStore } from '@espalier/server/coordinator';
import { tinyJob } from '@espalier/server/testing';
import type { TrainerPool } from './pool/trainer-pool.js';
import { simulate, type SimulatedRun } from './simulate.js';
import { localPool } from './testing/tiny.js';

let pool: TrainerPool;
beforeAll(async () => {
  pool = await localPool(1);
});
afterAll(() => pool.dispose());

/** The model that clients would begin with. */
const begun = (...overrides: readonly string[]): Promise<SimulatedRun> =>
  simulate({
    job: tinyJob('rounds=0', 'pruning.stopRound=0', 'model.width=8', ...overrides),
    folder: null,
    pool,
    store: noStore,
  });

function rms(state: ModelState, name: string): number {
  const kept = [...state.params.get(name)!].filter((value) => value !== 0);
  return Math.sqrt(kept.reduce((sum, value) => sum + value * value, 0) / kept.length);
}

describe.each([
  ['a mask by magnitude', ['method=magnitude', 'mask.allocation=uniform']],
  ['a candidate pool', ['method=fedtiny']],
])('rescaling %s', (_, overrides) => {
  it('gives the same network with smaller weights', async () => {
    const plain = await begun(...overrides, 'rescale=false');
    const scaled = await begun(...overrides, 'rescale=true');

    expect(scaled.mask.hash).toBe(plain.mask.hash);
    expect(scaled.summary.accuracy).toEqual(plain.summary.accuracy);
    for (const name of ['conv2/kernel', 'conv3/kernel', 'conv4/kernel']) {
      // The fifth of a normal distribution that is largest has about 1.8 times its root mean square.
      expect(rms(plain.state, name) / rms(scaled.state, name)).toBeGreaterThan(1.4);
      expect(rms(plain.state, name) / rms(scaled.state, name)).toBeLessThan(2.2);
    }
    expect(scaled.state.params.get('conv1/kernel')).toEqual(plain.state.params.get('conv1/kernel'));
  });
});

describe('a dense method', () => {
  it('has nothing to rescale', async () => {
    const dense = ['method=fedavg', 'targetDensity=1'];
    const [plain, scaled] = [await begun(...dense), await begun(...dense, 'rescale=true')];
    expect(scaled.summary.model.hash).toBe(plain.summary.model.hash);
  });
});
