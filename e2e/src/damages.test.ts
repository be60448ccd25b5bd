import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isEspalierError, randomStream, shuffled } from '@espalier/core';
import {
  checkState,
  parseJob,
  readRunFolder,
  readState,
  resumableJob,
  RUN_FILES,
  runSigns,
  type RunContents,
} from '@espalier/server';
import { clean, Fate, scratchFolder, surviveCrashes, takeUp } from './support/crashing.js';
import {
  damagedCopy,
  folderHash,
  isWhole,
  lostSubsets,
  PARTS,
  sentence,
  singleAndPaired,
  type Damage,
} from './support/damages.js';
import { TINY_JOB } from './support/tiny-job.js';

/** Flips of every damage that flips a bit; 0 takes a sample of the pairs. `npm run damages` takes them all. */
const SEEDS = Number(process.env['ESPALIER_DAMAGE_SEEDS'] ?? 0);
const SAMPLED_PAIRS = 24;

const JOB = parseJob(TINY_JOB, {
  overrides: ['rounds=4', 'pruning.stopRound=4', 'model.name=mlp', 'model.width=4'],
});

let parent: string;
/** The run folder as `kill -9` left it, by the steps to or from the disk before that. */
const images: string[] = [];
let image: string;
let whole: string;

/** A folder as it is while its coordinator works, copied at every step to or from its disk. */
beforeAll(async () => {
  parent = await scratchFolder();
  const run = join(parent, `${JOB.name}-${JOB.method}`);
  const half = 60;
  const fate = new Fate((step) => {
    const copy = join(parent, `image-${String(step)}`);
    cpSync(run, copy, { recursive: true });
    images.push(copy);
    // Once it is started again, the database holds data outside its write-ahead log.
    return step === half;
  });
  whole = await endOf((await surviveCrashes(JOB, fate, parent)).folder);
  image = (await lateImage()) ?? '';
}, 120_000);
afterAll(() => clean(parent));

/** In the middle of a round, with everything there that can be lost. */
async function lateImage(): Promise<string | undefined> {
  for (const folder of [...images].reverse().slice(Math.floor(images.length / 8))) {
    if (!isWhole(folder)) continue;
    const { sinceSnapshot } = await readState(await copyOf(join(folder, RUN_FILES.state)));
    if (sinceSnapshot > 1) return folder;
  }
  return undefined;
}

/** Looking at a state moves its write-ahead log. */
async function copyOf(folder: string): Promise<string> {
  const copy = join(parent, 'looked-at');
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  return Promise.resolve(copy);
}

/** Outcome of a run as text: its model to the byte, and its metrics except for time and traffic. */
async function endOf(folder: string): Promise<string> {
  const { bundle, metrics, summary }: RunContents = await readRunFolder(folder);
  const lines = metrics.map(({ round, accuracy, loss, trainLoss, mask, model }) => ({
    ...{ round, accuracy, loss, trainLoss, mask, model },
  }));
  return JSON.stringify([Buffer.from(bundle ?? []).toString('base64'), lines, summary?.model, summary?.mask]);
}

/**
 * Outcome for a damaged folder: `same` (the same end), `refused` (correctly refused), or a sentence saying
 * what is wrong.
 */
async function outcome(damages: readonly Damage[], seed: number): Promise<string> {
  const folder = join(parent, 'damaged');
  rmSync(folder, { recursive: true, force: true });
  damagedCopy(image, { damages, into: folder, stream: randomStream({ seed, purpose: 'damages' }) });
  const before = folderHash(folder);
  try {
    const job = await resumableJob(folder);
    await takeUp(job, new Fate(() => false), folder);
  } catch (error) {
    if (!isEspalierError(error)) return `a raw error: ${String(error)}`;
    if (folderHash(folder) !== before) return `changed, then refused: ${error.message}`;
    const named = damages.some(({ part }) => error.message.includes(PARTS[part]));
    return named ? 'refused' : `names nothing that was damaged: ${error.message}`;
  }
  return (await endOf(folder)) === whole ? 'same' : 'another end';
}

async function outcomes(cases: readonly Damage[][], seed: number): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const damages of cases) found[sentence(damages)] = await outcome(damages, seed);
  return found;
}

function unexpected(found: Readonly<Record<string, string>>): unknown {
  return Object.entries(found).filter(([, what]) => what !== 'same' && what !== 'refused');
}

describe('a run folder whose coordinator was killed', () => {
  it('is taken up after any step to or from the disk', async () => {
    const refused: string[] = [];
    for (const folder of images) {
      const signs = await runSigns(folder);
      await checkState(join(folder, RUN_FILES.state), signs, true).catch((error: unknown) => {
        refused.push(`${folder}: ${String(error)}`);
      });
    }
    expect(images.length).toBeGreaterThan(100);
    expect(refused).toEqual([]);
  }, 60_000);

  it('is refused or goes on to the same end, whatever is lost of it', async () => {
    const found = await outcomes(lostSubsets(), 1);
    expect(unexpected(found)).toEqual([]);
    const same = Object.keys(found).filter((key) => found[key] === 'same');
    expect(same).toEqual(['nothing', 'checkpoints lost', 'metrics lost', 'checkpoints lost, metrics lost']);
    expect(Object.keys(found)).toHaveLength(64);
  }, 120_000);

  it('is refused or goes on to the same end, whatever is damaged', async () => {
    const every = singleAndPaired();
    const singles = every.filter(({ length }) => length === 1);
    const pairs = every.filter(({ length }) => length === 2);
    const stream = randomStream({ seed: 20261128, purpose: 'damages' });
    const sample = [...singles, ...shuffled(pairs, stream).slice(0, SAMPLED_PAIRS)];
    for (let seed = 1; seed <= Math.max(1, SEEDS); seed++) {
      const found = await outcomes(SEEDS > 0 ? every : sample, seed);
      expect([seed, unexpected(found)]).toEqual([seed, []]);
      if (SEEDS > 0) count(found);
    }
  }, 3_600_000);
});

function count(found: Readonly<Record<string, string>>): void {
  const all = Object.values(found);
  const same = all.filter((what) => what === 'same').length;
  process.stderr.write(`damages: ${all.length}, ${same} to the same end, ${all.length - same} refused\n`);
}
