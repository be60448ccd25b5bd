import type { UpdateSource } from './aggregator.js';
import type { ColumnRule } from './column-rule.js';
import { readUpdate, requireFinite, requireUpdates } from './check-update.js';

/** Most values held at once, over all updates: 128 MiB of float32. */
export const BLOCK_VALUES = 32 * 1024 * 1024;

/**
 * A rule applied to every coordinate. It needs every client's value of a coordinate at once, so updates are read in
 * blocks of coordinates: memory is bounded by `blockValues`, and every update is read once per block, which is once in
 * all until the round's updates together exceed that.
 * @throws EspalierError as an aggregator.
 */
export async function foldColumns(
  source: UpdateSource,
  rule: ColumnRule,
  blockValues: number = BLOCK_VALUES,
): Promise<Float64Array> {
  const folded = new Float64Array(source.length);
  await forEachBlock(source, blockValues, ({ from, width, rows, weights }) => {
    const column = new Float64Array(weights.length);
    const scratch = new Float64Array(weights.length);
    for (let c = 0; c < width; c++) {
      for (let k = 0; k < column.length; k++) column[k] = rows[k * width + c]!;
      folded[from + c] = rule(column, weights, scratch);
    }
  });
  return folded;
}

/** Coordinates `from` to `from + width` of every update, a row each. */
export interface UpdateBlock {
  readonly from: number;
  readonly width: number;
  readonly rows: Float32Array;
  readonly weights: Float64Array;
}

/** Visits all coordinates of all updates block by block, in order. @throws EspalierError as an aggregator. */
export async function forEachBlock(
  source: UpdateSource,
  blockValues: number,
  visit: (block: UpdateBlock) => void,
): Promise<void> {
  requireUpdates(source);
  const { length, updates } = source;
  const widest = Math.max(1, Math.min(length, Math.floor(blockValues / updates.length)));
  // Once even for an update of no values, whose weight and length are checked all the same.
  for (let from = 0; from === 0 || from < length; from += widest) {
    const width = Math.min(widest, length - from);
    const rows = new Float32Array(updates.length * width);
    const weights = new Float64Array(updates.length);
    for (const k of updates.keys()) {
      const { values, weight } = await readUpdate(source, k);
      weights[k] = weight;
      rows.set(values.subarray(from, from + width), k * width);
    }
    rows.forEach((value, i) => {
      requireFinite(value, from + (i % Math.max(1, width)));
    });
    visit({ from, width, rows, weights });
  }
}
