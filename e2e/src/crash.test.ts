import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomStream } from '@espalier/core';
import { parseJob, readRunFolder, RUN_FILES, STATE_FILES, StateDatabase } from '@espalier/server';
import { clean, Fate, scratchFolder, surviveCrashes, type SurvivedRun } from './support/crashing.js';
import { TINY_JOB } from './support/tiny-job.js';

/** Six rounds of FedTiny with selection and three adjustments; every client must answer. */
const JOB = parseJob(TINY_JOB, {
  overrides: ['rounds=6', 'quorum=1', 'pruning.stopRound=6', 'model.name=cnn-small', 'roundTimeout=600'],
});

let parent: string;
let whole: SurvivedRun;
let steps = 0;
beforeAll(async () => {
  parent = await scratchFolder();
  const fate = new Fate(() => false);
  whole = await surviveCrashes(JOB, fate, parent);
  steps = fate.steps;
});
afterAll(() => clean(parent));

describe('a coordinator that is killed', () => {
  it('at any one step to or from the disk ends with the model of the run that was not', async () => {
    const differing: string[] = [];
    // Every fourth here, which is still every kind of step in every round; ESPALIER_EVERY_STEP=1 takes them all.
    const stride = process.env['ESPALIER_EVERY_STEP'] === '1' ? 1 : 4;
    for (let step = 1; step <= steps; step += stride) {
      const run = await surviveCrashes(JOB, new Fate((at) => at === step), parent);
      if (!sameEnd(run)) differing.push(`step ${step}: ${run.result.summary.model.hash}`);
      if (countedTwice(run.folder)) differing.push(`step ${step}: an update counted twice`);
      await clean(run.folder);
    }
    expect(steps).toBeGreaterThan(100);
    expect(differing).toEqual([]);
  }, 300_000);

  it.each([1, 2, 3])('again and again, at random (%p), ends with the same model too', async (seed) => {
    const stream = randomStream({ seed, purpose: 'crashes' });
    const run = await surviveCrashes(JOB, new Fate(() => stream.uniform() < 0.05), parent);
    expect(run.lives).toBeGreaterThan(2);
    expect(sameEnd(run)).toBe(true);
    const { metrics } = await readRunFolder(run.folder);
    expect(metrics.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe.each(['fedrts', 'feddst'])('a coordinator of %s over nested masks that is killed', (method) => {
  it('remembers what rounds said of links, and what ranks the weights of a mask', async () => {
    const overrides = [`method=${method}`, 'pruning.peakFraction=0.3', 'heterogeneous=nested'];
    const job = { ...parseJob(TINY_JOB, { overrides }), quorum: 1, roundTimeout: 600 };
    const unhurt = await surviveCrashes(job, new Fate(() => false), parent);
    const stream = randomStream({ seed: 4, purpose: 'crashes' });
    const run = await surviveCrashes(job, new Fate(() => stream.uniform() < 0.05), parent);

    expect(unhurt.result.summary.mask.version).toBeGreaterThan(0);
    expect(unhurt.result.summary.refusals).toEqual({});
    expect(run.lives).toBeGreaterThan(2);
    expect(sameEnd(run, unhurt)).toBe(true);
  });
});

function sameEnd({ result }: SurvivedRun, other: SurvivedRun = whole): boolean {
  const { model, mask, rounds } = result.summary;
  const expected = other.result.summary;
  return model.hash === expected.model.hash && mask.hash === expected.mask.hash && rounds === expected.rounds;
}

/** The journal has an accepted update of a client and round more than once. */
function countedTwice(folder: string): boolean {
  const database = new StateDatabase(join(folder, RUN_FILES.state, STATE_FILES.database));
  const rows = database.rows(
    `SELECT count(*) AS times FROM journal WHERE json_extract(event, '$.kind') = 'answer'
     GROUP BY json_extract(event, '$.clientId'), json_extract(event, '$.phase'), json_extract(event, '$.round')`,
  );
  database.close();
  return rows.some(({ times }) => times !== 1);
}
