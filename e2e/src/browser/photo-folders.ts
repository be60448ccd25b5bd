import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '@espalier/core';
import sharp from 'sharp';

/** Classes of the pictures, by the colour that their shapes have. */
const HUES: Readonly<Record<string, readonly [number, number, number]>> = {
  apple: [190, 40, 40],
  leaf: [50, 140, 60],
  sky: [70, 120, 200],
};

/** Names of the classes, as folders are listed. */
export const PHOTO_CLASSES: readonly string[] = Object.keys(HUES);

/**
 * Writes real JPEGs, `<folder>/<class>/<n>.jpg`: a blurred spot of the class's colour on noise, the same for the same
 * seed.
 */
export async function writePhotos(folder: string, perClass: number, seed: number): Promise<string> {
  const size = 24;
  for (const [name, colour] of Object.entries(HUES)) {
    await mkdir(join(folder, name), { recursive: true });
    for (let n = 0; n < perClass; n++) {
      const stream = randomStream({ seed, purpose: `photo ${name}`, round: n });
      const [x, y] = [6 + stream.below(12), 6 + stream.below(12)];
      const pixels = Buffer.alloc(size * size * 3);
      for (let at = 0; at < size * size; at++) {
        const distance = ((at % size) - x) ** 2 + (Math.floor(at / size) - y) ** 2;
        const near = Math.exp(-distance / 30);
        for (const [channel, value] of colour.entries()) {
          pixels[3 * at + channel] = near * value + (1 - near) * stream.below(256);
        }
      }
      const image = sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
      await image.jpeg({ quality: 90 }).toFile(join(folder, name, `${n}.jpg`));
    }
  }
  return folder;
}
