import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createNodeTrainer } from '@espalier/client-node';
import { momentCount, type Trainer } from '@espalier/core';
import { noStore } from '@espalier/server/coordinator';
import { tinyJob } from '@espalier/server/testing';
import { TrainerPool } from './pool/trainer-pool.js';
import { simulate, type SimulatedRun } from './simulate.js';
import { lineStore, localPool } from './testing/tiny.js';

let pool: TrainerPool;
beforeAll(async () => {
  pool = await localPool(2);
});
afterAll(() => pool.dispose());

/** Returns the part of a run that must not depend on the machine. */
function outcome({ summary }: SimulatedRun): unknown {
  return { ...summary, seconds: null };
}

describe('a simulated run', () => {
  it.each([1, 2, 4])('is the same with %p workers: model, bytes and every other figure', async (size) => {
    const own = await localPool(size);
    const options = { job: tinyJob(), folder: null, store: noStore };

    const run = await simulate({ ...options, pool: own });
    const other = await simulate({ ...options, pool });

    expect(outcome(run)).toEqual(outcome(other));
    await own.dispose();
  });

  it('goes through selection and adjustments, and writes a line a round', async () => {
    const { store, lines } = lineStore();
    const { summary, partition } = await simulate({ job: tinyJob(), folder: null, pool, store });

    expect(lines.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4]);
    expect(summary.selection?.losses).toHaveLength(4);
    expect(summary.mask.version).toBe(2);
    expect(partition.flat().reduce((sum, count) => sum + count, 0)).toBe(3 * (20 - 2));
  });

  it('counts every byte: the rounds and the set-up add up to no more than the whole', async () => {
    const { store, lines } = lineStore();
    const run = await simulate({ job: tinyJob(), folder: null, pool, store });
    const { summary } = run;
    const up = lines.reduce((sum, { bytes }) => sum + bytes.up, summary.bytes.setup.up);
    const down = lines.reduce((sum, { bytes }) => sum + bytes.down, summary.bytes.setup.down);

    // What is over is the final model: its moments are measured after the last round.
    const { graph } = run;
    const measured = tinyJob().numClients * 4 * momentCount(graph);
    expect(summary.bytes.up - up).toBeGreaterThan(measured);
    expect(summary.bytes.up - up).toBeLessThan(measured + 150 * tinyJob().numClients);
    expect(summary.bytes.down - down).toBeGreaterThan(0);
    expect(lines[0]?.bytes.up).toBe(Object.values(lines[0]?.bytes.upPerClient ?? {}).reduce((a, b) => a + b));
  });

  it('lets clients evaluate where there is no test set', async () => {
    const job = tinyJob('data.testSamplesPerClass=0', 'evaluationFraction=0.25');
    const { summary } = await simulate({ job, folder: null, pool, store: noStore });

    expect(summary.accuracy.final).toBeGreaterThanOrEqual(0);
  });

  it('breaks pretraining off when it is asked to stop', async () => {
    const controller = new AbortController();
    const trainer = await createNodeTrainer();
    const original = trainer.train.bind(trainer);
    const train: Trainer['train'] = (dataset, options, control) => {
      controller.abort();
      return original(dataset, options, control);
    };
    const stopping = new TrainerPool([Object.assign(trainer, { train })]);
    // A thousand hours of it.
    const job = tinyJob('pretrain.epochs=1000000');
    const { signal } = controller;
    await expect(
      simulate({ job, folder: null, pool: stopping, store: noStore, signal }),
    ).rejects.toMatchObject({
      code: 'stopped',
    });
    await trainer.dispose();
  });

  it('stops when asked to, with the model reached', async () => {
    const controller = new AbortController();
    const { summary } = await simulate({
      job: tinyJob(),
      folder: null,
      pool,
      store: noStore,
      signal: controller.signal,
      onReport: (report) => {
        if (report.kind === 'round' && report.round === 1) controller.abort();
      },
    });

    expect(summary.stopped).toBe(true);
    expect(summary.rounds).toBeGreaterThanOrEqual(2);
  });

  it('refuses a partition that the data cannot give', async () => {
    const job = { ...tinyJob(), numClients: 40, clientsPerRound: 40 };
    await expect(simulate({ job, folder: null, pool, store: noStore })).rejects.toThrow('[invalid_');
  });
});
