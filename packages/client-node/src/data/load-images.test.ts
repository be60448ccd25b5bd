import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { testFolder, type Colour, type TestFolder } from '../testing/image-files.js';
import { loadImages } from './load-images.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const classes = ['a', 'b'];
type Shape = readonly [number, number, number];

async function pixelsOf(path: string, imageShape: Shape): Promise<number[]> {
  const { dataset } = await loadImages([{ path, label: 0 }], { imageShape, classes });
  return [...dataset.images];
}

describe('loadImages', () => {
  it('keeps the order of the entries, and their labels', async () => {
    const colours: Colour[] = [
      [250, 0, 0],
      [0, 250, 0],
      [0, 0, 250],
      [9, 9, 9],
      [90, 90, 90],
      [200, 0, 200],
    ];
    const entries = await Promise.all(
      colours.map(async (colour, i) => ({
        path: await folder.image(`${i}.png`, colour, { width: 2 + 40 * (5 - i), height: 3 }),
        label: i % 2,
      })),
    );

    const { dataset, broken } = await loadImages(entries, { imageShape: [1, 1, 3], classes });

    expect([...dataset.images]).toEqual(colours.flat());
    expect([...dataset.labels]).toEqual([0, 1, 0, 1, 0, 1]);
    expect(dataset).toMatchObject({ imageShape: [1, 1, 3], classes });
    expect(broken).toEqual([]);
  });

  it('keeps every pixel of an image that has the right size, row by row', async () => {
    const raw = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 14);
    const png = await sharp(raw, { raw: { width: 3, height: 2, channels: 3 } })
      .png()
      .toBuffer();

    expect(await pixelsOf(await folder.write('x.png', png), [2, 3, 3])).toEqual([...raw]);
  });

  it('resizes without keeping proportions', async () => {
    const path = await folder.image('wide.jpg', [120, 120, 120], { width: 60, height: 20 });

    expect(await pixelsOf(path, [2, 2, 3])).toEqual(Array.from({ length: 12 }, () => 120));
  });

  it.each<[string, Colour, Shape, readonly number[]]>([
    ['grey wanted of a colour', [255, 255, 255], [1, 1, 1], [255]],
    ['grey wanted of grey', [77, 77, 77], [1, 1, 1], [77]],
    ['an image half transparent, over black', [200, 100, 50, 128], [1, 1, 3], [100, 50, 25]],
  ])('%s', async (_, colour, shape, expected) => {
    expect(await pixelsOf(await folder.image('x.png', colour), shape)).toEqual(expected);
  });

  it('colour wanted of a grey file', async () => {
    const png = await sharp(Uint8Array.of(77), { raw: { width: 1, height: 1, channels: 1 } })
      .png()
      .toBuffer();

    expect(await pixelsOf(await folder.write('x.png', png), [1, 1, 3])).toEqual([77, 77, 77]);
  });

  it('eight bits wanted of sixteen', async () => {
    const png = await sharp(Uint16Array.of(65535, 257 * 100, 0), {
      raw: { width: 1, height: 1, channels: 3 },
    })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');

    expect(await pixelsOf(await folder.write('x.png', png), [1, 1, 3])).toEqual([255, 100, 0]);
  });

  it('turns a photograph upright as its EXIF note says', async () => {
    const raw = Uint8Array.of(0, 0, 0, 255, 255, 255);
    const jpeg = await sharp(raw, { raw: { width: 2, height: 1, channels: 3 } })
      .resize(16, 8, { kernel: 'nearest' })
      .withMetadata({ orientation: 3 })
      .jpeg()
      .toBuffer();

    const [left = 0, right = 255] = await pixelsOf(await folder.write('x.jpg', jpeg), [1, 2, 1]);

    expect(left).toBeGreaterThan(200);
    expect(right).toBeLessThan(55);
  });
});

describe('damaged files', () => {
  it('are left out and named; the others keep order and labels', async () => {
    const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    const entries = [
      { path: await folder.image('0.png', [10, 10, 10]), label: 0 },
      { path: await folder.write('1.jpg', 'no image at all'), label: 0 },
      { path: await folder.image('2.png', [20, 20, 20]), label: 1 },
      { path: await folder.write('3.jpg', whole.subarray(0, whole.length / 2)), label: 1 },
      { path: await folder.write('4.jpg', ''), label: 1 },
      { path: `${folder.path}/5.jpg`, label: 1 },
      { path: await folder.image('6.png', [30, 30, 30]), label: 0 },
    ];

    const { dataset, broken } = await loadImages(entries, { imageShape: [1, 1, 1], classes });

    expect([...dataset.images]).toEqual([10, 20, 30]);
    expect([...dataset.labels]).toEqual([0, 1, 0]);
    expect(broken).toEqual([1, 3, 4, 5].map((i) => entries[i]?.path));
  });

  it('are an error when nothing else is there', async () => {
    const path = await folder.write('x.jpg', 'no image');

    await expect(loadImages([{ path, label: 0 }], { imageShape: [1, 1, 1], classes })).rejects.toThrow(
      /\[invalid_data\] none of 1 images could be decoded \(.*x\.jpg/,
    );
  });
});
