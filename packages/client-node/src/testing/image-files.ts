import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** A colour, red, green, blue and perhaps alpha. */
export type Colour = readonly [number, number, number] | readonly [number, number, number, number];

/** A temporary folder that removes itself. */
export interface TestFolder {
  readonly path: string;
  /** Writes bytes to a file under it, making the folders it needs. */
  write(file: string, bytes: Uint8Array | string): Promise<string>;
  /** Writes a real image of one colour, in the format its name says. */
  image(
    file: string,
    colour?: Colour,
    size?: { readonly width: number; readonly height: number },
  ): Promise<string>;
  remove(): Promise<void>;
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'espalier-'));
  const write = async (file: string, bytes: Uint8Array | string): Promise<string> => {
    const target = join(path, file);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
    return target;
  };
  return {
    path,
    write,
    image: async (file, colour = [200, 100, 50], size = { width: 8, height: 8 }) =>
      write(file, await imageBytes(file, colour, size)),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}

function imageBytes(
  file: string,
  [r, g, b, alpha = 255]: Colour,
  { width, height }: { width: number; height: number },
): Promise<Buffer> {
  const channels = alpha === 255 ? 3 : 4;
  const image = sharp({ create: { width, height, channels, background: { r, g, b, alpha: alpha / 255 } } });
  return file.endsWith('.png') ? image.png().toBuffer() : image.jpeg({ quality: 100 }).toBuffer();
}
