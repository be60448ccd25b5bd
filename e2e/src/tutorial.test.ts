import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type sharpModule from 'sharp';
import { espalier, type Finished } from './support/command.js';

const page = join(__dirname, '../../docs/how-to/from-your-images-to-a-pruned-model.md');
// As the packages under test find it: e2e has no dependency on it.
const sharp = createRequire(createRequire(__filename).resolve('espalier/main'))(
  'sharp',
) as typeof sharpModule;

let folder: string;
const done: { readonly line: string; readonly finished: Finished }[] = [];

/** A photograph of a fruit: a disc of its colour on a shade, of its own size. */
async function photograph(colour: string, i: number): Promise<Buffer> {
  const [width, height] = [24 + (i % 5) * 9, 20 + (i % 3) * 13];
  const background = `rgb(${(i * 37) % 90},${(i * 53) % 90},${(i * 71) % 90})`;
  const disc = `<svg width="${width}" height="${height}"><rect width="100%" height="100%" fill="${background}"/><circle cx="50%" cy="50%" r="${8 + (i % 4)}" fill="${colour}"/></svg>`;
  return sharp(Buffer.from(disc)).jpeg().toBuffer();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-tutorial-'));
  const colours = { apple: '#d02020', pear: '#a0d030', plum: '#7030b0' };
  for (const [name, colour] of Object.entries(colours)) {
    await mkdir(join(folder, 'photos', name), { recursive: true });
    for (let i = 0; i < 30; i++) {
      await writeFile(join(folder, 'photos', name, `${i}.jpg`), await photograph(colour, i));
    }
  }
  await writeFile(join(folder, 'photos/plum/damaged.jpg'), 'no photograph');
  const commands = [...(await readFile(page, 'utf8')).matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(
    ([, block = '']) => block.trim().split('\n'),
  );
  for (const line of commands) {
    // A shell would put the one run's folder in the place of the star.
    const [run = ''] = line.includes('runs/*') ? await readdir(join(folder, 'runs')) : [];
    const args = line.replace('runs/*', `runs/${run}`).split(' ').slice(1);
    done.push({
      line,
      finished: await espalier(args, { cwd: folder, env: { ESPALIER_CACHE: join(folder, 'cache') } }),
    });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const outputOf = (start: string): string =>
  done.find(({ line }) => line.startsWith(start))?.finished.out ?? '';

describe('the tutorial', () => {
  it('has commands that all run', () => {
    expect(done).toHaveLength(6);
    for (const { line, finished } of done) expect({ line, ...finished }).toMatchObject({ line, code: 0 });
  });

  it('counts the photographs and names the broken one', () => {
    const out = outputOf('espalier inspect photos');
    expect(out).toMatch(/imageFolder: 3 classes, 91 training and 0 test images/);
    expect(out).toMatch(/1 files are left out:\n.*damaged\.jpg: /);
  });

  it('estimates before anything starts', () => {
    expect(outputOf('espalier new')).toMatch(/traffic .* a round[\s\S]*memory [\s\S]*time /);
  });

  it('draws the partition', async () => {
    expect(outputOf('espalier partition')).toMatch(/client +apple +pear +plum +samples/);
    expect((await stat(join(folder, 'partition.png'))).size).toBeGreaterThan(1000);
  });

  it('ends with a pruned model', () => {
    const out = done.at(-1)?.finished.out ?? '';
    expect(Number(/density (0\.\d+) over maskable/.exec(out)?.[1])).toBeLessThan(0.11);
    expect(out).toContain('3 classes (apple, pear, plum)');
  });
});
