import type { DraftBuffer } from '../ops/arguments.js';

const ALIGNMENT = 64;

/**
 * Gives every buffer an offset such that no two that are alive at the same op overlap, and returns the bytes needed.
 * Largest first, each into the tightest hole that is free for its whole life (Pisarchyk & Lee 2020, greedy by size).
 */
export function placeBuffers(buffers: readonly DraftBuffer[]): number {
  const used = buffers.filter((buffer) => buffer.last >= 0);
  const order = used.toSorted((a, b) => b.bytes - a.bytes || a.first - b.first);
  const placed: DraftBuffer[] = [];
  let total = 0;
  for (const buffer of order) {
    buffer.offset = tightestHole(buffer, placed);
    placed.push(buffer);
    placed.sort((a, b) => a.offset - b.offset);
    total = Math.max(total, endOf(buffer));
  }
  return total;
}

/** `placed` ascending by offset. */
function tightestHole(buffer: DraftBuffer, placed: readonly DraftBuffer[]): number {
  let best = -1;
  let bestSize = Number.POSITIVE_INFINITY;
  let free = 0;
  for (const other of placed) {
    if (other.first > buffer.last || other.last < buffer.first) continue;
    const size = other.offset - free;
    if (size >= buffer.bytes && size < bestSize) {
      best = free;
      bestSize = size;
    }
    free = Math.max(free, endOf(other));
  }
  return best >= 0 ? best : free;
}

function endOf({ offset, bytes }: DraftBuffer): number {
  return Math.ceil((offset + bytes) / ALIGNMENT) * ALIGNMENT;
}
