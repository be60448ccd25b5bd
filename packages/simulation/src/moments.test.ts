import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { divideFleet, openFleetImages, type FleetData } from '@espalier/client-node';
import { mergeMoments, packMoments, type Job, type MomentTree, type Trainer } from '@espalier/core';
import { noStore } from '@espalier/server/coordinator';
import { tinyJob } from '@espalier/server/testing';
import type { TrainerPool } from './pool/trainer-pool.js';
import { simulate, type SimulatedRun } from './simulate.js';
import { lineStore, localPool } from './testing/tiny.js';

let pool: TrainerPool;
beforeAll(async () => {
  pool = await localPool(1);
});
afterAll(() => pool.dispose());

/** Few steps at a constant rate, a test set whose hundredth is a whole image, and clients whose classes differ. */
function job(...overrides: readonly string[]): Job {
  return tinyJob(
    'model.width=8',
    'rounds=3',
    'pruning.stopRound=3',
    'localEpochs=1',
    'data.testSamplesPerClass=100',
    'data.samplesPerClass=40',
    ...overrides,
  );
}

/** Moments over all clients' training samples, at the weights that a run ended with. */
async function recomputed(
  trainer: Trainer,
  run: SimulatedRun,
  clients: FleetData['clients'],
): Promise<MomentTree> {
  const { graph, mask, state } = run;
  await trainer.load(graph, state, mask);
  const reports = [];
  for (const { train } of clients) {
    const options = { mode: { kind: 'pooled' as const }, batchSize: 64, normalization: job().normalization };
    reports.push({ moments: await trainer.batchNormMoments(train, options), samples: train.labels.length });
  }
  return mergeMoments(reports, 'pooled');
}

interface Compared {
  /** Points that the shipped moments are behind those of the weights. */
  readonly behind: number;
  /** Largest difference of a moment, over the largest moment. */
  readonly distance: number;
}

async function compared(given: Job): Promise<Compared> {
  const images = await openFleetImages(given, null);
  const { clients, test } = await divideFleet(images, given);
  const run = await simulate({ job: given, folder: null, images, pool, store: noStore });
  return pool.use(async (trainer) => {
    const moments = await recomputed(trainer, run, clients);
    const { graph, mask, state } = run;
    const accuracy = async (of: MomentTree): Promise<number> => {
      await trainer.load(graph, { ...state, moments: of }, mask);
      const { normalization } = given;
      const { correct, samples } = await trainer.evaluate(test!, { batchSize: 64, normalization });
      return (100 * correct) / samples;
    };
    const [shipped, own] = [state.moments, moments].map((tree) => packMoments(graph, tree));
    const largest = Math.max(...own!.map(Math.abs));
    const distance = Math.max(...own!.map((value, i) => Math.abs(value - shipped![i]!))) / largest;
    return { behind: Math.abs((await accuracy(moments)) - (await accuracy(state.moments))), distance };
  });
}

describe('the moments that a model ships with', () => {
  it.each([
    ['fedtiny', []],
    ['fedavg', ['method=fedavg', 'targetDensity=1']],
    [
      'a median of updates',
      ['aggregation.kind=median', 'quorum=1', 'partition={kind: iid}', 'data.samplesPerClass=200'],
    ],
  ])('are those of its weights: %s', async (_, overrides) => {
    const { behind } = await compared(job(...overrides));
    expect(behind).toBeLessThanOrEqual(0.5);
  });

  it('are pooled over all clients to the last digits, and not where training gathers them', async () => {
    const fresh = await compared(job());
    const gathered = await compared(job('momentMode=pooled'));
    expect(fresh.distance).toBeLessThan(1e-5);
    expect(gathered.distance).toBeGreaterThan(0.01);
  });

  it('change no weight: training does not read them', async () => {
    const masks = [];
    for (const mode of ['fresh', 'pooled']) {
      const { store, lines } = lineStore();
      const run = await simulate({ job: job(`momentMode=${mode}`), folder: null, pool, store });
      masks.push([run.mask.hash, [...run.state.params.values()], lines.map(({ trainLoss }) => trainLoss)]);
    }
    expect(masks[0]).toEqual(masks[1]);
  });

  it('are on record with what they took', async () => {
    const { store, lines } = lineStore();
    const { summary } = await simulate({ job: job(), folder: null, pool, store });
    const [first, ...others] = lines.map(({ macs }) => macs.moments);
    expect(first).toBe(0);
    for (const macs of others) expect(macs).toBeGreaterThan(0);
    // The last model is measured after the last round.
    expect(summary.macs.moments).toBeGreaterThan(others.reduce((sum, macs) => sum + macs, 0));
    expect(summary.momentClients).toBe(3);
  });
});
