import { describe, expect, it } from '@jest/globals';
import { LinearMemory } from '../wasm/linear-memory.js';
import { blockBytes, blocksOf, ONE_BLOCK, writeBlocks } from './blocks.js';

describe('blocks of channels', () => {
  // 48 weights of a row in each.
  it.each([
    ['dense enough for many', 512, 1, { channels: 48, count: 11 }],
    ['the last block smaller', 128, 0.9, { channels: 54, count: 3 }],
    ['half of the channels or more in one', 64, 0.9, ONE_BLOCK],
    ['too sparse', 512, 0.09, ONE_BLOCK],
    ['without a weight', 512, 0, ONE_BLOCK],
  ])('%s', (_, channels, perChannel, expected) => {
    expect(blocksOf(channels, perChannel)).toEqual(expected);
  });

  it('take a table more than there are blocks, and none for one', () => {
    expect(blockBytes({ channels: 2, count: 3 }, 5)).toBe(4 * 5 * 4);
    expect(blockBytes(ONE_BLOCK, 5)).toBe(0);
  });

  it('begin where a row first reads one of their channels, or where the next does', () => {
    const memory = new LinearMemory();
    // Three rows of four, none and two weights over six channels, two a block.
    const channels = [0, 1, 1, 5, 2, 3];
    writeBlocks(
      memory,
      { at: 64, count: 3, channels: 2 },
      Uint32Array.of(0, 16, 16, 24),
      (i) => channels[i]!,
    );
    expect([...memory.u32(64, 12)]).toEqual([0, 16, 16, 12, 16, 16, 12, 16, 24, 16, 16, 24]);
  });
});
