import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseJob } from '@espalier/server';
import { noStore, type RoundMetrics, type RunResult } from '@espalier/server/coordinator';
import { runInProcess } from './support/in-process.js';
import { TINY_JOB } from './support/tiny-job.js';

describe('FedTiny in one process', () => {
  const job = parseJob(TINY_JOB);
  let run: RunResult;
  beforeAll(async () => {
    run = await runInProcess(job, [0, 1, 2]);
  });

  it('ends with a mask of the target density that has been adjusted', () => {
    expect(run.summary.density.maskable).toBeCloseTo(job.targetDensity, 1);
    expect(run.summary.mask.version).toBe(2);
    expect(run.summary.rounds).toBe(job.rounds);
  });

  it('gives the same model whatever the order in which clients come', async () => {
    const other = await runInProcess(job, [2, 0, 1]);
    expect(other.summary.model.hash).toBe(run.summary.model.hash);
  });

  it('gives another model with another seed', async () => {
    const other = await runInProcess({ ...job, seed: job.seed + 1 }, [0, 1, 2]);
    expect(other.summary.model.hash).not.toBe(run.summary.model.hash);
  });

  it('evaluates on held-out samples of the clients where there is no test set', async () => {
    const job = parseJob(TINY_JOB, { overrides: ['data.testSamplesPerClass=0', 'evaluationFraction=0.25'] });
    const lines: RoundMetrics[] = [];
    const store = { ...noStore, metrics: (line: RoundMetrics) => Promise.resolve(void lines.push(line)) };
    const { summary } = await runInProcess(job, [0, 1, 2], { store });
    expect(lines.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4]);
    for (const { accuracy } of lines) expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(summary.accuracy.final).toBe(lines.at(-1)?.accuracy);
  });
});
