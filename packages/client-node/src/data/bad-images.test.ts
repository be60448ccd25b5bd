import { execFileSync } from 'node:child_process';
import { mkdir, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { testFolder, type TestFolder } from '../testing/image-files.js';
import { scanImageFolder } from './image-folder.js';
import { loadImages } from './load-images.js';
import { prepareServerData } from './prepare-data.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const options = { imageShape: [8, 8, 3], classes: ['a', 'b'] } as const;
const solid = (background: string) => sharp({ create: { width: 8, height: 8, channels: 3, background } });
const load = async (file: string) => (await loadImages([{ path: file, label: 0 }], options)).dataset.images;

describe('images of unusual kinds', () => {
  it('decodes CMYK to the colours it shows', async () => {
    const cmyk = await folder.write(
      'x.jpg',
      await solid('#c83232').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(),
    );
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const [red = 0, green = 255] = await load(cmyk);
    expect(red).toBeGreaterThan(120);
    expect(green).toBeLessThan(110);
  });

  it('decodes 16 bits a channel, and progressive JPEGs', async () => {
    const wide = await folder.write('x.png', await solid('#ff8000').toColourspace('rgb16').png().toBuffer());
    expect((await sharp(wide).metadata()).depth).toBe('ushort');
    expect([...(await load(wide)).subarray(0, 3)]).toEqual([255, 128, 0]);
    const progressive = await folder.write(
      'y.jpg',
      await solid('#ff0000').jpeg({ progressive: true }).toBuffer(),
    );
    expect((await load(progressive))[0]).toBeGreaterThan(250);
  });

  it('gives the same pixels through both decoders', async () => {
    const noise = Uint8Array.from({ length: 192 }, (_, i) => (i * 97 + ((i * i) % 31) * 7) % 256);
    for (const options of [{ quality: 90 }, { quality: 40 }, { quality: 90, chromaSubsampling: '4:4:4' }]) {
      const bytes = await sharp(noise, { raw: { width: 8, height: 8, channels: 3 } })
        .jpeg(options)
        .toBuffer();
      const expected = await sharp(bytes).raw().toBuffer();
      expect([...(await load(await folder.write('x.jpg', bytes)))]).toEqual([...expected]);
    }
  });

  it('reads no pipe, and believes no size that would fill the memory', async () => {
    const png = await solid('red').png({ progressive: true }).toBuffer();
    png.writeUInt32BE(16_000, 16);
    png.writeUInt32BE(16_000, 20);
    // The checksum of the header, which both decoders look at.
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    const huge = await folder.write('huge.png', png);
    const sound = await folder.write('sound.png', await solid('red').png().toBuffer());
    const pipe = join(folder.path, 'pipe.png');
    execFileSync('mkfifo', [pipe]);
    const entries = [huge, pipe, sound].map((path) => ({ path, label: 0 }));
    const { skipped, dataset } = await loadImages(entries, options);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('more than 67108864 pixels and is interlaced'),
      'is no regular file, or far too large for an image',
    ]);
    expect(dataset.labels).toHaveLength(1);
  });

  it('takes the first picture of an animated file that calls itself a PNG', async () => {
    const frames = await sharp([await solid('red').png().toBuffer(), await solid('blue').png().toBuffer()], {
      join: { animated: true },
    })
      .gif()
      .toBuffer();
    expect((await sharp(frames).metadata()).pages).toBe(2);
    expect([...(await load(await folder.write('x.png', frames))).subarray(0, 3)]).toEqual(
      [254, 0, 0].map((v) => (v === 254 ? expect.any(Number) : v)),
    );
  });

  it('takes photographs of mixed sizes, grey among colour', async () => {
    const grey = await sharp({ create: { width: 30, height: 50, channels: 3, background: '#808080' } })
      .toColourspace('b-w')
      .jpeg()
      .toBuffer();
    expect((await load(await folder.write('g.jpg', grey)))[0]).toBeCloseTo(128, -1);
    expect(await load(await folder.image('c.jpg', [10, 200, 10], { width: 200, height: 20 }))).toHaveLength(
      192,
    );
  });
});

describe('files that are no images', () => {
  it('are counted and named, each with its reason', async () => {
    const whole = await solid('red').jpeg().toBuffer();
    await folder.write('a/0.jpg', '');
    await folder.write('a/1.jpg', whole.subarray(0, whole.length - 40));
    await folder.write('a/2.png', 'text');
    await folder.write('a/日本語-ñ-😀.jpg', whole);
    await folder.write('b/Ελληνικά.jpg', whole);
    await folder.write('b/moving.gif', 'GIF89a');
    await symlink('loop.jpg', join(folder.path, 'b/loop.jpg'));

    const { train, skipped: unlisted } = await scanImageFolder(folder.path);
    const { dataset, skipped } = await loadImages(train, options);

    expect([...dataset.labels]).toEqual([0, 1]);
    expect(unlisted).toEqual([
      { path: join(folder.path, 'b/moving.gif'), reason: 'neither JPEG nor PNG; convert it' },
    ]);
    expect(skipped.map(({ path, reason }) => `${path.slice(folder.path.length + 1)}: ${reason}`)).toEqual([
      'a/0.jpg: is empty (0 bytes)',
      expect.stringMatching(/^a\/1.jpg: .*(premature|truncat|Invalid)/i),
      expect.stringMatching(/^a\/2.png: .*unsupported/i),
      'b/loop.jpg: cannot be read (ELOOP)',
    ]);
  });

  it('a damaged middle makes a file broken or decodable, never a crash', async () => {
    const jpeg = await sharp(
      Uint8Array.from({ length: 192 }, (_, i) => i),
      { raw: { width: 8, height: 8, channels: 3 } },
    )
      .jpeg()
      .toBuffer();
    const good = await folder.image('good.png');
    for (let at = 2; at < jpeg.length - 2; at += 37) {
      const hurt = Buffer.from(jpeg);
      hurt[at] = (hurt[at]! + 91) % 256;
      const path = await folder.write('hurt.jpg', hurt);
      const { dataset, broken } = await loadImages(
        [
          { path, label: 0 },
          { path: good, label: 1 },
        ],
        options,
      );
      expect(dataset.labels.length + broken.length).toBe(2);
    }
  });

  it('folders that lead back or nowhere are passed over by name', async () => {
    for (const name of ['a', 'b']) await folder.image(`root/train/${name}/1.png`);
    await symlink('..', join(folder.path, 'root/train/up'));
    await symlink('round', join(folder.path, 'root/train/round'));
    await mkdir(join(folder.path, 'elsewhere'));
    await symlink(join(folder.path, 'elsewhere'), join(folder.path, 'root/train/c'));

    const { classes, skipped } = await scanImageFolder(join(folder.path, 'root'));

    expect(classes).toEqual(['a', 'b', 'c']);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'a link that leads to itself',
      'a link back to a folder above it',
    ]);
  });
});

describe('the decoded cache', () => {
  const many = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => ({
        path: await folder.image(`many/${i}.png`, [i, 2 * i, 3]),
        label: i % 2,
      })),
    );

  it('gives the same images and the same broken files, and sees changes', async () => {
    const cache = join(folder.path, 'cache');
    const entries = [...(await many(70)), { path: await folder.write('many/bad.png', 'x'), label: 1 }];
    const fresh = await loadImages(entries, { ...options, cache });
    const again = await loadImages(entries, { ...options, cache });
    expect(again.skipped).toEqual(fresh.skipped);
    expect(again.broken).toHaveLength(1);
    expect(Buffer.compare(again.dataset.images, fresh.dataset.images)).toBe(0);
    expect([...again.dataset.labels]).toEqual([...fresh.dataset.labels]);

    await folder.image('many/3.png', [200, 200, 200]);
    await utimes(join(folder.path, 'many/3.png'), 1, 1);
    const changed = await loadImages(entries, { ...options, cache });
    expect(changed.dataset.images[3 * 192]).toBe(200);
    const other = await loadImages(entries, { ...options, imageShape: [4, 4, 1], cache });
    expect(other.dataset.images).toHaveLength(70 * 16);
  });

  it('is not trusted when it is damaged', async () => {
    const { readdir, readFile, truncate, writeFile } = await import('node:fs/promises');
    const cache = join(folder.path, 'cache');
    const entries = await many(64);
    const fresh = await loadImages(entries, { ...options, cache });
    const file = join(cache, (await readdir(cache))[0] ?? '');
    const bytes = await readFile(file);
    bytes[bytes.length - 5] = 255 - bytes[bytes.length - 5]!;
    await writeFile(file, bytes);
    expect((await loadImages(entries, { ...options, cache })).dataset.images).toEqual(fresh.dataset.images);
    for (const length of [0, 9, 100]) {
      await truncate(file, length);
      expect((await loadImages(entries, { ...options, cache })).dataset.labels).toHaveLength(64);
    }
  });

  it('may lie where nothing can be written', async () => {
    await folder.write('plain', '');
    const { dataset } = await loadImages(await many(64), {
      ...options,
      cache: join(folder.path, 'plain/cache'),
    });
    expect(dataset.labels).toHaveLength(64);
  });
});

describe('a test set', () => {
  const job = {
    data: { kind: 'imageFolder', samplesPerClass: null, testSamplesPerClass: null, testFraction: 0.25 },
    imageShape: [8, 8, 3],
    seed: 1,
    pretrain: { epochs: 0, learningRate: 1, samplesPerClass: 0 },
  } as const;

  it('is split off class by class where the folder has none', async () => {
    for (const name of ['a', 'b']) for (let i = 0; i < 8; i++) await folder.image(`${name}/${i}.png`);
    const { test, warnings } = await prepareServerData(job, folder.path);
    expect([...(test?.labels ?? [])]).toEqual([0, 0, 1, 1]);
    expect(warnings).toEqual([]);
  });

  it('without some class is named', async () => {
    for (const name of ['train/a', 'train/b', 'test/a']) await folder.image(`${name}/1.png`);
    expect((await prepareServerData(job, folder.path)).warnings).toEqual([
      'the test set has no image of b: its accuracy says nothing about them',
    ]);
  });
});
