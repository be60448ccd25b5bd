/**
 * Convolution over active weights only. A row is an output channel (or, in the input gradient, an input channel of
 * one stride phase) with a list of (byte offset into the input, value). Any output position is then
 * `sum of value × input[position + offset]`, 24 floats at a time in six accumulators.
 */
import { rowDots } from './dots';
import { Join, RECORD_BYTES, SparseConv, SparseWeightGrad } from './gen/ops';
import { joinRows } from './join';
import { gatherRow, openStats } from './stats';
import { INIT_BIAS, INIT_OUTPUT, INIT_PRODUCT, runRow } from './tiles';

/** First row of this thread; every thread gets about the same number of active weights. */
function balancedStart(rowPtr: usize, rows: i32, thread: i32, threads: i32): i32 {
  if (thread == 0) return 0;
  if (thread == threads) return rows;
  const start = load<u32>(rowPtr);
  const total = load<u32>(rowPtr + 4 * (<usize>rows)) - start + 4 * rows;
  const target = start + <u32>(((<u64>total) * (<u64>thread)) / (<u64>threads));
  let low = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(rowPtr + 4 * (<usize>middle)) + 4 * middle < target) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Runs the deferred join before this op for all rows that output rows below `bottom` read; returns the rows
 * done.
 */
// @ts-ignore: decorator
@inline
function joinAhead(joinOp: usize, done: i32, bottom: i32, stride: i32, ahead: i32): i32 {
  const needed = min(load<i32>(joinOp, Join.height), max(done, bottom * stride + ahead));
  if (needed > done) joinRows(joinOp, done, needed, 0, 1);
  return needed;
}

/** Forward pass, and input gradient through the transposed structure; optionally gathers batch-norm statistics. */
export function sparseConv(op: usize, thread: i32, threads: i32): void {
  const rowPtr = load<usize>(op, SparseConv.rowPtr);
  const rows = load<i32>(op, SparseConv.channels);
  const height = load<i32>(op, SparseConv.height);
  const stripe = load<i32>(op, SparseConv.stripe);
  const first = balancedStart(rowPtr, rows, thread, threads);
  const last = balancedStart(rowPtr, rows, thread + 1, threads);
  const joinOp = threads == 1 && load<i32>(op, SparseConv.pipelined) ? op - RECORD_BYTES : 0;
  let joinedRows = 0;
  for (let top = 0; top < height; top += stripe) {
    const bottom = min(height, top + stripe);
    if (joinOp) {
      const isLast = bottom == height;
      // The last stripe finishes the join, also rows that this convolution does not read but others may.
      const ahead = isLast ? load<i32>(joinOp, Join.height) : load<i32>(op, SparseConv.ahead);
      joinedRows = joinAhead(joinOp, joinedRows, bottom, load<i32>(op, SparseConv.stride), ahead);
    }
    convStripe(op, top, bottom, first, last);
  }
}

/** Output rows `top` to `bottom` of the channels `first` to `last`, by pieces of a row and blocks of channels. */
function convStripe(op: usize, top: i32, bottom: i32, first: i32, last: i32): void {
  const posBytes = load<i32>(op, SparseConv.posBytes);
  const width = load<i32>(op, SparseConv.width);
  const joined = load<i32>(op, SparseConv.xCol) == posBytes && load<i32>(op, SparseConv.yCol) == posBytes;
  const runs = joined ? 1 : width;
  const runBytes = joined ? width * posBytes : posBytes;
  const chunk = load<i32>(op, SparseConv.chunk) || runBytes;
  const blocks = load<i32>(op, SparseConv.blocks);
  const stats = load<usize>(op, SparseConv.stats);
  for (let at = 0; at < runBytes; at += chunk) {
    const bytes = min(chunk, runBytes - at);
    for (let b = 0; b < blocks; b++) {
      const done = b + 1 == blocks && at + bytes == runBytes;
      convBlock(op, top, bottom, first, last, at, bytes, runs, b, done ? stats : 0);
    }
  }
}

/** One block of input channels for `bytes` of every run from `at` on; `stats` is 0 unless the rows are then complete. */
function convBlock(
  op: usize, top: i32, bottom: i32, first: i32, last: i32, at: i32, bytes: i32, runs: i32, block: i32,
  stats: usize,
): void {
  const x = load<usize>(op, SparseConv.x) + <usize>at;
  const y = load<usize>(op, SparseConv.y);
  const off = load<usize>(op, SparseConv.off);
  const valDelta = load<usize>(op, SparseConv.val) - off;
  const xRow = load<i32>(op, SparseConv.xRow);
  const xCol = load<i32>(op, SparseConv.xCol);
  const yRow = load<i32>(op, SparseConv.yRow);
  const yCol = load<i32>(op, SparseConv.yCol);
  const yPlane = load<usize>(op, SparseConv.yPlane);
  const bias = load<usize>(op, SparseConv.bias);
  const width = load<i32>(op, SparseConv.width);
  const posBytes = load<i32>(op, SparseConv.posBytes);
  const lanes = load<i32>(op, SparseConv.lanes);
  const blockStep = load<i32>(op, SparseConv.blockStep);
  const begins = load<usize>(op, SparseConv.blockPtr) + <usize>(block * blockStep);
  const ends = begins + <usize>blockStep;
  const adds = load<i32>(op, SparseConv.accumulate) | i32(block > 0);
  for (let r = first; r < last; r++) {
    const begin = off + load<u32>(begins + 4 * (<usize>r));
    const end = off + load<u32>(ends + 4 * (<usize>r));
    const start = bias ? v128.load_splat<f32>(bias + 4 * (<usize>r)) : f32x4.splat(0);
    const init = adds ? INIT_OUTPUT : bias || begin == end ? INIT_BIAS : INIT_PRODUCT;
    for (let h = top; h < bottom; h++) {
      const py = y + (<usize>r) * yPlane + <usize>(h * yRow);
      if (begin < end || !adds) {
        const px = x + <usize>(h * xRow);
        for (let run = 0; run < runs; run++) {
          runRow(px + <usize>(run * xCol), py + <usize>(run * yCol + at), bytes, begin, end, valDelta, init, start);
        }
      }
      if (!stats) continue;
      if (h == 0) openStats(stats, r, py, lanes);
      gatherRow(stats, r, py, width, posBytes, lanes);
    }
  }
}

/** One dot product per active weight, added to its gradient. */
export function sparseWeightGrad(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, SparseWeightGrad.x);
  const dy = load<usize>(op, SparseWeightGrad.dy);
  const rowPtr = load<usize>(op, SparseWeightGrad.rowPtr);
  const off = load<usize>(op, SparseWeightGrad.off);
  const grad = load<usize>(op, SparseWeightGrad.grad);
  const rows = load<i32>(op, SparseWeightGrad.channels);
  const height = load<i32>(op, SparseWeightGrad.height);
  const width = load<i32>(op, SparseWeightGrad.width);
  const posBytes = load<i32>(op, SparseWeightGrad.posBytes);
  const xRow = load<i32>(op, SparseWeightGrad.xRow);
  const dRow = load<i32>(op, SparseWeightGrad.dyRow);
  const dPlane = load<usize>(op, SparseWeightGrad.dyPlane);
  const stripe = load<i32>(op, SparseWeightGrad.stripe);
  const joined =
    load<i32>(op, SparseWeightGrad.xCol) == posBytes && load<i32>(op, SparseWeightGrad.dyCol) == posBytes;
  const runs = joined ? 1 : width;
  const runBytes = joined ? width * posBytes : posBytes;
  const first = balancedStart(rowPtr, rows, thread, threads);
  const last = balancedStart(rowPtr, rows, thread + 1, threads);
  const joinOp = threads == 1 && load<i32>(op, SparseWeightGrad.pipelined) ? op - RECORD_BYTES : 0;
  let joinedRows = 0;
  for (let top = 0; top < height; top += stripe) {
    const rowCount = min(height, top + stripe) - top;
    if (joinOp) {
      const isLast = top + rowCount == height;
      const ahead = isLast ? load<i32>(joinOp, Join.height) : load<i32>(op, SparseWeightGrad.ahead);
      joinedRows = joinAhead(joinOp, joinedRows, top + rowCount, load<i32>(op, SparseWeightGrad.stride), ahead);
    }
    const px = x + <usize>(top * xRow);
    for (let r = first; r < last; r++) {
      const k = <usize>load<u32>(rowPtr + 4 * (<usize>r));
      const count = <i32>((<usize>load<u32>(rowPtr + 4 * (<usize>r) + 4) - k) >> 2);
      const pd = dy + (<usize>r) * dPlane + <usize>(top * dRow);
      rowDots(count, op, pd, px, off + k, grad + k, rowCount, runs, runBytes);
    }
  }
}
