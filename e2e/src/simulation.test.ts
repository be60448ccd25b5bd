import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunSummary } from '@espalier/server/coordinator';
import { Command, espalier } from './support/command.js';
import { TINY_JOB } from './support/tiny-job.js';

let folder: string;
let job: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-simulate-'));
  job = join(folder, 'tiny.yaml');
  await writeFile(job, TINY_JOB);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The JSON that a command prints. */
async function json(...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await espalier([...args, '--job', job, '--out', folder, '--format', 'json']);
  if (code !== 0) throw new Error(`exit ${String(code)}\n${out}\n${err}`);
  return JSON.parse(out);
}

describe('espalier simulate', () => {
  it('gives the model of the same job over real sockets, with nearly the same bytes', async () => {
    const simulated = (await json('simulate', '--workers', '2')) as { summary: RunSummary };
    const { runs } = (await json('demo')) as { runs: { summary: RunSummary }[] };
    const real = runs[0]!.summary;

    expect(simulated.summary.model).toEqual(real.model);
    expect(simulated.summary.accuracy).toEqual(real.accuracy);
    expect(simulated.summary.macs).toEqual(real.macs);
    // Sockets add their handshakes and a few bytes a frame, which weigh on a job as small as this one.
    for (const way of ['up', 'down'] as const) {
      expect(simulated.summary.bytes[way]).toBeLessThan(real.bytes[way]);
      expect(simulated.summary.bytes[way]).toBeGreaterThan(0.9 * real.bytes[way]);
    }
  });

  it('stops in order when interrupted, and keeps what it has', async () => {
    const longer = ['--job', job, '--set', 'rounds=500', '--set', 'pruning.interval=0'];
    const running = new Command(['simulate', ...longer, '--out', join(folder, 'stopped')]);
    await running.until('err', /round 2 of 500/);
    running.signal('SIGINT');
    const { code, out, err } = await running.finished;
    expect(code).toBe(130);
    expect(out).toContain('run folder:');
    expect(err).not.toMatch(/Error|disposed/);
  });

  it('refuses a job that is none, and no workers', async () => {
    await writeFile(join(folder, 'bad.yaml'), 'data: { kind: procedural }\nrounds: none\n');
    const bad = await espalier(['simulate', '--job', join(folder, 'bad.yaml'), '--out', folder]);
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.err).toContain('rounds is "none"');
    expect(await espalier(['simulate', '--job', job, '--workers', '0'])).toMatchObject({ code: 2 });
  });
});
