import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomStream } from '@espalier/core';
import { Command, espalier } from './support/command.js';

/** `npm run killed` asks for more than `npm test` has time for. */
const CELLS = Number(process.env['ESPALIER_KILLED_CELLS'] ?? 40);
const SEED = Number(process.env['ESPALIER_KILLED_SEED'] ?? 20261120);

/** Two densities and four methods, of as many seeds as make that number of cells. */
const gridOf = (cells: number): string => `
name: killed
job:
  model: { name: cnn-small, width: 2 }
  data: { kind: procedural, numClasses: 2, samplesPerClass: 8, testSamplesPerClass: 4 }
  imageSize: 8
  partition: { kind: iid }
  numClients: 2
  rounds: 2
  localEpochs: 1
  batchSize: 8
  pretrain: { epochs: 0, samplesPerClass: 1 }
densities: [0.2, 0.5]
seeds: [${Array.from({ length: Math.ceil(cells / 8) }, (_, i) => i + 1).join(', ')}]
methods:
  - { name: random, set: { method: random } }
  - { name: magnitude, set: { method: magnitude } }
  - { name: snip, set: { method: snip } }
  - { name: cubic, set: { method: cubic, pruning.interval: 1 } }
`;

let folder: string;
let grid: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-killed-'));
  grid = join(folder, 'grid.yaml');
  await writeFile(grid, gridOf(CELLS));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const args = (out: string): readonly string[] => [
  'compare',
  '--grid',
  grid,
  '--out',
  join(folder, out),
  '--workers',
  '2',
];

/** The table without the column of this machine's seconds. */
async function table(out: string): Promise<string> {
  const text = await readFile(join(folder, out, 'table.md'), 'utf8');
  return text.replaceAll(/\|[^|\n]*\|$/gm, '|');
}

describe('espalier compare', () => {
  it(`of ${CELLS} cells, killed twice at any moment and started again, gives the same table as one that was not`, async () => {
    const random = randomStream({ seed: SEED, purpose: 'killed' });
    const whole = await espalier(args('whole'));
    expect(whole).toMatchObject({ code: 0 });

    let done = 0;
    for (let kill = 0; kill < 2; kill++) {
      const killed = new Command(args('killed'));
      done += 1 + random.below(Math.floor((CELLS - 2) / 2) - 1);
      await killed.until('err', new RegExp(`\\[${done}/${CELLS}\\]`));
      // Somewhere within the cells that follow, which take some tens of milliseconds each.
      await setTimeout(random.below(100));
      killed.signal('SIGKILL');
      expect((await killed.finished).code).toBeNull();
    }
    const again = await espalier(args('killed'));

    expect(again).toMatchObject({ code: 0 });
    expect(again.err).not.toContain(`[${done}/${CELLS}]`);
    expect(again.err).toContain(`[${CELLS}/${CELLS}]`);
    expect(await table('killed')).toBe(await table('whole'));
  });

  it('stops in order when interrupted, and says that it was', async () => {
    const running = new Command(args('stopped'));
    await running.until('err', /\[2\/\d+\]/);
    running.signal('SIGINT');
    expect(await running.finished).toMatchObject({ code: 130 });
    const lines = (await readFile(join(folder, 'stopped', 'results.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines.length).toBeLessThan(CELLS);
  });

  it('refuses a grid that is none, naming what is wrong', async () => {
    await writeFile(join(folder, 'bad.yaml'), gridOf(8).replace('name: random', 'name: magnitude'));
    const bad = await espalier(['compare', '--grid', join(folder, 'bad.yaml'), '--out', join(folder, 'bad')]);
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.err).toContain('methods has magnitude twice');
  });
});
