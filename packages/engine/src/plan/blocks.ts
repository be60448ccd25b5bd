import type { LinearMemory } from '../wasm/linear-memory.js';

/**
 * A layer's rows cut by the channels they read: `count` blocks of `channels` channels, as `count + 1` tables of where each
 * row's part of a block begins; a block ends where the next begins. `at` is 0 where there is one block alone.
 */
export interface Blocks {
  readonly at: number;
  readonly count: number;
  readonly channels: number;
}

/** All channels at once. */
export const ONE_BLOCK: Blocks = { at: 0, count: 1, channels: 0 };

/** Active weights that a row has in a block, on average: with fewer, starting on a row costs more than its block spares. */
const ROW_WEIGHTS = 48;

/**
 * Cuts rows that read `channels` channels with `perChannel` active weights each. Layers that are too sparse,
 * or have too few channels to benefit, are not cut.
 */
export function blocksOf(channels: number, perChannel: number): Omit<Blocks, 'at'> {
  const size = Math.ceil(ROW_WEIGHTS / perChannel);
  return 2 * size > channels ? ONE_BLOCK : { channels: size, count: Math.ceil(channels / size) };
}

/** Bytes of the tables for `rows` rows. */
export function blockBytes({ count }: Omit<Blocks, 'at'>, rows: number): number {
  return count === 1 ? 0 : 4 * rows * (count + 1);
}

/**
 * Writes the tables.
 * @param bounds byte at which each row's list begins and the last one ends
 * @param channelOf the channel that the weight in a slot reads, never falling within a row
 */
export function writeBlocks(
  memory: LinearMemory,
  { at, count, channels }: Blocks,
  bounds: Uint32Array,
  channelOf: (slot: number) => number,
): void {
  if (count === 1) return;
  const rows = bounds.length - 1;
  const tables = memory.u32(at, rows * (count + 1));
  for (let row = 0; row < rows; row++) {
    let slot = (bounds[row] ?? 0) / 4;
    const end = (bounds[row + 1] ?? 0) / 4;
    for (let block = 0; block <= count; block++) {
      while (slot < end && channelOf(slot) < block * channels) slot++;
      tables[block * rows + row] = 4 * slot;
    }
  }
}
