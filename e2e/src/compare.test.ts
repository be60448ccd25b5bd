import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command, espalier } from './support/command.js';

const GRID = `
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
seeds: [1, 2, 3, 4]
methods:
  - { name: random, set: { method: random } }
  - { name: magnitude, set: { method: magnitude } }
`;

let folder: string;
let grid: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-killed-'));
  grid = join(folder, 'grid.yaml');
  await writeFile(grid, GRID);
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
  it('killed in the middle and started again gives the same table as one that was not', async () => {
    const whole = await espalier(args('whole'));
    expect(whole).toMatchObject({ code: 0 });

    const killed = new Command(args('killed'));
    await killed.until('err', /\[5\/16\]/);
    killed.signal('SIGKILL');
    expect((await killed.finished).code).toBeNull();
    const again = await espalier(args('killed'));

    expect(again).toMatchObject({ code: 0 });
    expect(again.err).not.toContain('[5/16]');
    expect(again.err).toContain('[16/16]');
    expect(await table('killed')).toBe(await table('whole'));
  });

  it('stops in order when interrupted, and says that it was', async () => {
    const running = new Command(args('stopped'));
    await running.until('err', /\[2\/16\]/);
    running.signal('SIGINT');
    expect(await running.finished).toMatchObject({ code: 130 });
    const lines = (await readFile(join(folder, 'stopped', 'results.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines.length).toBeLessThan(16);
  });

  it('refuses a grid that is none, naming what is wrong', async () => {
    await writeFile(join(folder, 'bad.yaml'), GRID.replace('name: random', 'name: magnitude'));
    const bad = await espalier(['compare', '--grid', join(folder, 'bad.yaml'), '--out', join(folder, 'bad')]);
    expect(bad).toMatchObject({ code: 2 });
    expect(bad.err).toContain('methods has magnitude twice');
  });
});
