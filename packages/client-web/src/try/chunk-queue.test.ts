import { describe, expect, it } from '@jest/globals';
import { ChunkQueue } from './chunk-queue.js';

async function all(queue: ChunkQueue): Promise<readonly number[]> {
  const seen: number[] = [];
  for await (const chunk of queue) seen.push(...chunk);
  return seen;
}

describe('a queue of chunks', () => {
  it('gives what came before anybody read', async () => {
    const queue = new ChunkQueue();
    for (const chunk of [Uint8Array.of(1, 2), Uint8Array.of(3), null]) queue.push(chunk);
    expect(await all(queue)).toEqual([1, 2, 3]);
  });

  it('waits for what has not come yet, and ends when it is told', async () => {
    const queue = new ChunkQueue();
    const read = all(queue);
    for (const chunk of [Uint8Array.of(1), Uint8Array.of(2), null]) {
      await Promise.resolve();
      queue.push(chunk);
    }
    expect(await read).toEqual([1, 2]);
  });
});
