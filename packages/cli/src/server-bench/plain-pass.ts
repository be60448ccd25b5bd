import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Files really read; the rest is reckoned from them. */
const SAMPLE = 100;

/**
 * Seconds that `count` files of `bytes` bytes take to be read once and added up in float64, one after the other: what
 * aggregation cannot do without.
 */
export async function plainPassSeconds(
  folder: string,
  { bytes, count }: { readonly bytes: number; readonly count: number },
): Promise<number> {
  const place = join(folder, 'plain');
  await mkdir(place);
  const values = new Float32Array(Math.floor(bytes / 4)).fill(0.01);
  const names = Array.from({ length: SAMPLE }, (_, i) => join(place, String(i)));
  for (const name of names) await writeFile(name, new Uint8Array(values.buffer));
  const sum = new Float64Array(values.length);
  // Once for the compiler.
  await addAll(names, sum);
  const began = performance.now();
  await addAll(names, sum);
  const seconds = (performance.now() - began) / 1000;
  await rm(place, { recursive: true });
  return (seconds / SAMPLE) * count;
}

async function addAll(names: readonly string[], sum: Float64Array): Promise<void> {
  for (const name of names) {
    const { buffer, byteOffset, length } = await readFile(name);
    const values = new Float32Array(buffer.slice(byteOffset, byteOffset + length));
    for (let i = 0; i < values.length; i++) sum[i]! += 10 * values[i]!;
  }
}
