import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseJob } from '@espalier/server';
import sharp from 'sharp';
import { describePartition, partitionText } from './data/describe-partition.js';
import { partitionSvg } from './data/partition-picture.js';
import { runCommand } from './program.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function command(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCommand(args, {
    out: (text) => out.push(text),
    note: (text) => err.push(text),
    interactive: false,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

async function photos(grey = false): Promise<string> {
  for (const [i, name] of ['ape', 'bär', '猫'].entries()) {
    await mkdir(join(folder, 'photos', name), { recursive: true });
    for (let j = 0; j < 8; j++) {
      const image = sharp({
        create: { width: 30 + j, height: 40, channels: 3, background: { r: 80 * i, g: 10 * j, b: 9 } },
      });
      await (grey ? image.toColourspace('b-w') : image)
        .png()
        .toFile(join(folder, 'photos', name, `${j}.png`));
    }
  }
  return join(folder, 'photos');
}

describe('inspect of a data folder', () => {
  it('counts classes, and names broken and unread files', async () => {
    const data = await photos();
    await writeFile(join(data, 'ape/x.jpg'), '');
    await writeFile(join(data, 'ape/y.gif'), 'GIF89a');
    const { code, out } = await command('inspect', data);
    expect(code).toBe(0);
    expect(out).toMatch(/imageFolder: 3 classes, 25 training and 0 test images/);
    expect(out).toMatch(/│ 猫 +│ +8 │ +0 │/);
    expect(out).toMatch(/2 files are left out:/);
    expect(out).toMatch(/x\.jpg: is empty/);
    const { classes, skipped } = JSON.parse((await command('inspect', data, '--format', 'json')).out) as {
      classes: unknown[];
      skipped: unknown[];
    };
    expect([classes.length, skipped.length]).toEqual([3, 2]);
  });

  it('says what a folder without data lacks', async () => {
    const { code, err } = await command('inspect', folder);
    expect(code).toBe(3);
    expect(err).toMatch(
      /holds no data that can be read: .*expected a folder of images for each of at least 2 classes/,
    );
    await writeFile(join(folder, 'train.bin'), 'short');
    expect((await command('inspect', folder)).err).toMatch(/train.bin has 5 bytes/);
  });
});

describe('partition', () => {
  it('writes a file that inspect draws', async () => {
    const data = await photos();
    const job = join(folder, 'job.yaml');
    await writeFile(
      job,
      'model: mlp\ndata: { kind: imageFolder }\nnumClients: 3\npartition: { kind: shards, classesPerClient: 1, minSamples: 1 }\npretrain: { samplesPerClass: 1 }\n',
    );
    const [file, svg, png] = ['p.json', 'p.svg', 'p.png'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    expect((await command('partition', '--job', job, '--data', data, '--out', file)).code).toBe(0);
    const { out } = await command('inspect', file, '--out', svg);
    expect(out).toMatch(
      /partition shards \(seed 1\): 21 samples over 3 clients, 7 to 7 each; 3 held by the coordinator/,
    );
    expect(out.match(/█ 7/g)).toHaveLength(3);
    await command('inspect', file, '--out', png);
    expect(await readFile(svg, 'utf8')).toContain('>猫</text>');
    expect((await sharp(png).metadata()).width).toBeGreaterThan(800);
    expect(JSON.parse((await command('inspect', file, '--format', 'json')).out)).toMatchObject({
      clients: 3,
      skew: 1,
    });
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 200));
    expect((await command('inspect', file)).err).toMatch(
      /\[invalid_data\] the partition file cannot be read/,
    );
  });

  it('is drawn within bounds however many clients and classes, and escapes names', async () => {
    const counts = Array.from({ length: 300 }, (_, client) =>
      Array.from({ length: 100 }, (__, label) => (client * label) % 7),
    );
    const classes = Array.from({ length: 100 }, (_, i) => `<class & "${i}">`);
    const description = describePartition({
      ...{ listing: 'ab'.repeat(32), classes, server: [], parts: [], counts },
      made: { spec: { kind: 'iid' }, seed: 1 },
    });
    const { width, height } = await sharp(Buffer.from(partitionSvg(description))).metadata();
    expect(width).toBeLessThan(1300);
    expect(height).toBeLessThan(1700);
    expect(partitionText(description)).toContain('260 more clients and 76 more classes');
  });
});

describe('new', () => {
  it.each<[string, readonly string[], Record<string, unknown>]>([
    ['procedural images', [], { data: { kind: 'procedural' }, imageShape: [16, 16, 3] }],
    ['a dense job', ['--density', '1'], { method: 'fedavg', targetDensity: 1 }],
    [
      'another model and clients',
      ['--model', 'mlp', '--clients', '7'],
      { model: { name: 'mlp' }, numClients: 7 },
    ],
    ['a small budget', ['--budget', '200kB'], { rounds: 4 }],
  ])('writes a job that is valid: %s', async (_, flags, expected) => {
    const { code, out } = await command('new', join(folder, 'trial'), '--yes', ...flags);
    expect({ code, out }).toMatchObject({ code: 0 });
    expect(out).toMatch(/traffic +[\d.]+ k?M?B a round/);
    const text = await readFile(join(folder, 'trial/job.yaml'), 'utf8');
    expect(text.match(/^#/gm)?.length).toBeGreaterThan(8);
    const job = parseJob(text);
    expect(job).toMatchObject({
      ...expected,
      ...(flags.includes('--budget') ? { rounds: expect.any(Number) } : {}),
    });
    if (flags.includes('--budget')) expect(job.rounds).toBeLessThan(30);
  });

  it('looks at the images: few, grey, of mixed sizes', async () => {
    const { out } = await command(
      'new',
      join(folder, 't'),
      '--yes',
      '--data',
      await photos(true),
      '--format',
      'json',
    );
    expect(JSON.parse(out)).toMatchObject({
      survey: { classes: 3, train: 24, rarest: 8, imageSize: 32, channels: 1 },
    });
    expect(parseJob(await readFile(join(folder, 't/job.yaml'), 'utf8'))).toMatchObject({
      imageShape: [32, 32, 1],
      data: { testFraction: 0.2 },
      partition: { kind: 'iid' },
      numClients: 1,
    });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a wrong model', ['--model', 'resnet81'], /did you mean resnet18/],
    ['a budget too small', ['--budget', '1kB'], /does not pay for one round/],
    ['a density beyond reach', ['--density', '0.0000001'], /expected at least/],
    ['a size that is none', ['--budget', 'much'], /give a size/],
    ['data that is none', ['--data', '/nowhere'], /nowhere cannot be opened/],
  ])('refuses %s and writes nothing', async (_, flags, message) => {
    const { code, err } = await command('new', join(folder, 'trial'), '--yes', ...flags);
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
    await expect(stat(join(folder, 'trial'))).rejects.toThrow();
  });

  it('overwrites nothing unless it is told to', async () => {
    await command('new', folder, '--yes');
    expect((await command('new', folder, '--yes')).err).toMatch(/job.yaml is there already; give --force/);
    expect((await command('new', folder, '--yes', '--force')).code).toBe(0);
  });
});

describe('fetch', () => {
  it('says which sets there are, and refuses a file with another checksum', async () => {
    expect((await command('fetch', 'cifar', '--to', folder)).err).toMatch(/did you mean cifar10\?/);
    const server = createServer((_, response) => void response.end('another file'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const mirror = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, err } = await command('fetch', 'mnist', '--to', join(folder, 'mnist'), '--mirror', mirror);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(code).toBe(3);
    expect(err).toMatch(
      /train-images-idx3-ubyte.gz has the MD5 .*; expected f68b3c2dcbeaaa9fbdd348bbdeb94873/,
    );
  });
});
