/**
 * Convolution over active weights only. A row is an output channel (or, in the input gradient, an input channel of
 * one stride phase) with a list of (byte offset into the input, value). Any output position is then
 * `sum of value × input[position + offset]`, 32 floats at a time in eight accumulators.
 */
import { Join, RECORD_BYTES, SparseConv, SparseWeightGrad } from './gen/ops';
import { laneSum, madd } from './lanes';
import { joinRows } from './norm';
import { gatherRow, openStats } from './stats';

/** The first row of this thread, cut so that every thread gets about the same number of active weights. */
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

/** What the accumulators of a tile start from: the row's bias, the first product, or what the output holds. */
const INIT_BIAS: i32 = 0;
const INIT_PRODUCT: i32 = 1;
const INIT_OUTPUT: i32 = 2;

// @ts-ignore: decorator
@inline
function tile32(px: usize, py: usize, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
  let k = off;
  let a0 = bias;
  let a1 = bias;
  let a2 = bias;
  let a3 = bias;
  let a4 = bias;
  let a5 = bias;
  let a6 = bias;
  let a7 = bias;
  if (init == INIT_PRODUCT) {
    const p = px + load<u32>(k);
    const w = v128.load_splat<f32>(k + valDelta);
    a0 = f32x4.mul(w, v128.load(p, 0));
    a1 = f32x4.mul(w, v128.load(p, 16));
    a2 = f32x4.mul(w, v128.load(p, 32));
    a3 = f32x4.mul(w, v128.load(p, 48));
    a4 = f32x4.mul(w, v128.load(p, 64));
    a5 = f32x4.mul(w, v128.load(p, 80));
    a6 = f32x4.mul(w, v128.load(p, 96));
    a7 = f32x4.mul(w, v128.load(p, 112));
    k += 4;
  } else if (init == INIT_OUTPUT) {
    a0 = v128.load(py, 0);
    a1 = v128.load(py, 16);
    a2 = v128.load(py, 32);
    a3 = v128.load(py, 48);
    a4 = v128.load(py, 64);
    a5 = v128.load(py, 80);
    a6 = v128.load(py, 96);
    a7 = v128.load(py, 112);
  }
  for (; k < end; k += 4) {
    const p = px + load<u32>(k);
    const w = v128.load_splat<f32>(k + valDelta);
    a0 = madd(a0, w, v128.load(p, 0));
    a1 = madd(a1, w, v128.load(p, 16));
    a2 = madd(a2, w, v128.load(p, 32));
    a3 = madd(a3, w, v128.load(p, 48));
    a4 = madd(a4, w, v128.load(p, 64));
    a5 = madd(a5, w, v128.load(p, 80));
    a6 = madd(a6, w, v128.load(p, 96));
    a7 = madd(a7, w, v128.load(p, 112));
  }
  v128.store(py, a0, 0);
  v128.store(py, a1, 16);
  v128.store(py, a2, 32);
  v128.store(py, a3, 48);
  v128.store(py, a4, 64);
  v128.store(py, a5, 80);
  v128.store(py, a6, 96);
  v128.store(py, a7, 112);
}

// @ts-ignore: decorator
@inline
function tile16(px: usize, py: usize, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
  let k = off;
  let a0 = bias;
  let a1 = bias;
  let a2 = bias;
  let a3 = bias;
  if (init == INIT_PRODUCT) {
    const p = px + load<u32>(k);
    const w = v128.load_splat<f32>(k + valDelta);
    a0 = f32x4.mul(w, v128.load(p, 0));
    a1 = f32x4.mul(w, v128.load(p, 16));
    a2 = f32x4.mul(w, v128.load(p, 32));
    a3 = f32x4.mul(w, v128.load(p, 48));
    k += 4;
  } else if (init == INIT_OUTPUT) {
    a0 = v128.load(py, 0);
    a1 = v128.load(py, 16);
    a2 = v128.load(py, 32);
    a3 = v128.load(py, 48);
  }
  for (; k < end; k += 4) {
    const p = px + load<u32>(k);
    const w = v128.load_splat<f32>(k + valDelta);
    a0 = madd(a0, w, v128.load(p, 0));
    a1 = madd(a1, w, v128.load(p, 16));
    a2 = madd(a2, w, v128.load(p, 32));
    a3 = madd(a3, w, v128.load(p, 48));
  }
  v128.store(py, a0, 0);
  v128.store(py, a1, 16);
  v128.store(py, a2, 32);
  v128.store(py, a3, 48);
}

// @ts-ignore: decorator
@inline
function tile4(px: usize, py: usize, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
  let k = off;
  let a0 = bias;
  if (init == INIT_PRODUCT) {
    const p = px + load<u32>(k);
    const w = v128.load_splat<f32>(k + valDelta);
    a0 = f32x4.mul(w, v128.load(p, 0));
    k += 4;
  } else if (init == INIT_OUTPUT) {
    a0 = v128.load(py, 0);
  }
  for (; k < end; k += 4) {
    const p = px + load<u32>(k);
    const w = v128.load_splat<f32>(k + valDelta);
    a0 = madd(a0, w, v128.load(p, 0));
  }
  v128.store(py, a0, 0);
}

/** One contiguous run of output floats of one row. */
// @ts-ignore: decorator
@inline
function runTiles(px: usize, py: usize, bytes: i32, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
  let left = bytes;
  while (left >= 128) {
    tile32(px, py, off, end, valDelta, init, bias);
    px += 128;
    py += 128;
    left -= 128;
  }
  if (left >= 64) {
    tile16(px, py, off, end, valDelta, init, bias);
    px += 64;
    py += 64;
    left -= 64;
  }
  while (left > 0) {
    tile4(px, py, off, end, valDelta, init, bias);
    px += 16;
    py += 16;
    left -= 16;
  }
}

/** {@link runTiles} once for each way to start, so that the choice is outside the loops. */
function runRow(px: usize, py: usize, bytes: i32, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
  if (init == INIT_PRODUCT) runTiles(px, py, bytes, off, end, valDelta, INIT_PRODUCT, bias);
  else if (init == INIT_OUTPUT) runTiles(px, py, bytes, off, end, valDelta, INIT_OUTPUT, bias);
  else runTiles(px, py, bytes, off, end, valDelta, INIT_BIAS, bias);
}

/** Runs the deferred join before this op as far as output rows below `bottom` read; returns the rows done. */
// @ts-ignore: decorator
@inline
function joinAhead(joinOp: usize, done: i32, bottom: i32, stride: i32, ahead: i32): i32 {
  const needed = min(load<i32>(joinOp, Join.height), max(done, bottom * stride + ahead));
  if (needed > done) joinRows(joinOp, done, needed, 0, 1);
  return needed;
}

/** Forward pass, and input gradient through the transposed structure; optionally gathers batch-norm statistics. */
export function sparseConv(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, SparseConv.x);
  const y = load<usize>(op, SparseConv.y);
  const rowPtr = load<usize>(op, SparseConv.rowPtr);
  const off = load<usize>(op, SparseConv.off);
  const valDelta = load<usize>(op, SparseConv.val) - off;
  const rows = load<i32>(op, SparseConv.rows);
  const height = load<i32>(op, SparseConv.height);
  const posBytes = load<i32>(op, SparseConv.posBytes);
  const xRow = load<i32>(op, SparseConv.xRow);
  const xCol = load<i32>(op, SparseConv.xCol);
  const yRow = load<i32>(op, SparseConv.yRow);
  const yCol = load<i32>(op, SparseConv.yCol);
  const yPlane = load<usize>(op, SparseConv.yPlane);
  const bias = load<usize>(op, SparseConv.bias);
  const accumulate = load<i32>(op, SparseConv.accumulate);
  const stripe = load<i32>(op, SparseConv.stripe);
  const stats = load<usize>(op, SparseConv.stats);
  const lanes = load<i32>(op, SparseConv.lanes);
  const width = load<i32>(op, SparseConv.width);
  const joined = xCol == posBytes && yCol == posBytes;
  const runs = joined ? 1 : width;
  const runBytes = joined ? width * posBytes : posBytes;
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
    for (let r = first; r < last; r++) {
      const begin = off + load<u32>(rowPtr + 4 * (<usize>r));
      const end = off + load<u32>(rowPtr + 4 * (<usize>r) + 4);
      if (accumulate && begin == end) continue;
      const start = bias ? v128.load_splat<f32>(bias + 4 * (<usize>r)) : f32x4.splat(0);
      const init = accumulate ? INIT_OUTPUT : bias || begin == end ? INIT_BIAS : INIT_PRODUCT;
      for (let h = top; h < bottom; h++) {
        const py = y + (<usize>r) * yPlane + <usize>(h * yRow);
        const px = x + <usize>(h * xRow);
        for (let run = 0; run < runs; run++) {
          runRow(px + <usize>(run * xCol), py + <usize>(run * yCol), runBytes, begin, end, valDelta, init, start);
        }
        if (stats) {
          if (h == 0) openStats(stats, r, py, lanes);
          gatherRow(stats, r, py, width, posBytes, lanes);
        }
      }
    }
  }
}

/** Gradients of four active weights of one output channel at once: the output gradient is read once for all. */
function dot4(
  pd: usize,
  px: usize,
  off: usize,
  grad: usize,
  rows: i32,
  runs: i32,
  runBytes: i32,
  dRow: i32,
  dCol: i32,
  xRow: i32,
  xCol: i32,
): void {
  const o0 = load<u32>(off, 0);
  const o1 = load<u32>(off, 4);
  const o2 = load<u32>(off, 8);
  const o3 = load<u32>(off, 12);
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let h = 0; h < rows; h++) {
    for (let run = 0; run < runs; run++) {
      let d = pd + <usize>(h * dRow + run * dCol);
      const base = px + <usize>(h * xRow + run * xCol);
      const stop = d + (runBytes & ~31);
      let x0 = base + o0;
      let x1 = base + o1;
      let x2 = base + o2;
      let x3 = base + o3;
      while (d < stop) {
        const d0 = v128.load(d, 0);
        const d1 = v128.load(d, 16);
        a0 = madd(a0, d0, v128.load(x0, 0));
        b0 = madd(b0, d1, v128.load(x0, 16));
        a1 = madd(a1, d0, v128.load(x1, 0));
        b1 = madd(b1, d1, v128.load(x1, 16));
        a2 = madd(a2, d0, v128.load(x2, 0));
        b2 = madd(b2, d1, v128.load(x2, 16));
        a3 = madd(a3, d0, v128.load(x3, 0));
        b3 = madd(b3, d1, v128.load(x3, 16));
        d += 32;
        x0 += 32;
        x1 += 32;
        x2 += 32;
        x3 += 32;
      }
      if (runBytes & 16) {
        const d0 = v128.load(d);
        a0 = madd(a0, d0, v128.load(x0));
        a1 = madd(a1, d0, v128.load(x1));
        a2 = madd(a2, d0, v128.load(x2));
        a3 = madd(a3, d0, v128.load(x3));
      }
    }
  }
  store<f32>(grad, load<f32>(grad, 0) + laneSum(f32x4.add(a0, b0)), 0);
  store<f32>(grad, load<f32>(grad, 4) + laneSum(f32x4.add(a1, b1)), 4);
  store<f32>(grad, load<f32>(grad, 8) + laneSum(f32x4.add(a2, b2)), 8);
  store<f32>(grad, load<f32>(grad, 12) + laneSum(f32x4.add(a3, b3)), 12);
}

/** Gradients of two active weights of one output channel. */
function dot2(
  pd: usize,
  px: usize,
  off: usize,
  grad: usize,
  rows: i32,
  runs: i32,
  runBytes: i32,
  dRow: i32,
  dCol: i32,
  xRow: i32,
  xCol: i32,
): void {
  const o0 = load<u32>(off, 0);
  const o1 = load<u32>(off, 4);
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  for (let h = 0; h < rows; h++) {
    for (let run = 0; run < runs; run++) {
      let d = pd + <usize>(h * dRow + run * dCol);
      const base = px + <usize>(h * xRow + run * xCol);
      let x0 = base + o0;
      let x1 = base + o1;
      const stop = d + (runBytes & ~63);
      const end = d + runBytes;
      while (d < stop) {
        let g = v128.load(d, 0);
        a0 = madd(a0, g, v128.load(x0, 0));
        a1 = madd(a1, g, v128.load(x1, 0));
        g = v128.load(d, 16);
        b0 = madd(b0, g, v128.load(x0, 16));
        b1 = madd(b1, g, v128.load(x1, 16));
        g = v128.load(d, 32);
        c0 = madd(c0, g, v128.load(x0, 32));
        c1 = madd(c1, g, v128.load(x1, 32));
        g = v128.load(d, 48);
        d0 = madd(d0, g, v128.load(x0, 48));
        d1 = madd(d1, g, v128.load(x1, 48));
        d += 64;
        x0 += 64;
        x1 += 64;
      }
      while (d < end) {
        const g = v128.load(d);
        a0 = madd(a0, g, v128.load(x0));
        a1 = madd(a1, g, v128.load(x1));
        d += 16;
        x0 += 16;
        x1 += 16;
      }
    }
  }
  store<f32>(grad, load<f32>(grad, 0) + laneSum(f32x4.add(f32x4.add(a0, b0), f32x4.add(c0, d0))), 0);
  store<f32>(grad, load<f32>(grad, 4) + laneSum(f32x4.add(f32x4.add(a1, b1), f32x4.add(c1, d1))), 4);
}

/** Gradient of one active weight. */
function dot1(
  pd: usize,
  px: usize,
  off: usize,
  grad: usize,
  rows: i32,
  runs: i32,
  runBytes: i32,
  dRow: i32,
  dCol: i32,
  xRow: i32,
  xCol: i32,
): void {
  const o0 = load<u32>(off, 0);
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  for (let h = 0; h < rows; h++) {
    for (let run = 0; run < runs; run++) {
      let d = pd + <usize>(h * dRow + run * dCol);
      let x = px + <usize>(h * xRow + run * xCol) + o0;
      const stop = d + (runBytes & ~63);
      const end = d + runBytes;
      while (d < stop) {
        a0 = madd(a0, v128.load(d, 0), v128.load(x, 0));
        a1 = madd(a1, v128.load(d, 16), v128.load(x, 16));
        a2 = madd(a2, v128.load(d, 32), v128.load(x, 32));
        a3 = madd(a3, v128.load(d, 48), v128.load(x, 48));
        d += 64;
        x += 64;
      }
      while (d < end) {
        a0 = madd(a0, v128.load(d), v128.load(x));
        d += 16;
        x += 16;
      }
    }
  }
  store<f32>(grad, load<f32>(grad) + laneSum(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3))));
}

/** One dot product per active weight, added to its gradient. */
export function sparseWeightGrad(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, SparseWeightGrad.x);
  const dy = load<usize>(op, SparseWeightGrad.dy);
  const rowPtr = load<usize>(op, SparseWeightGrad.rowPtr);
  const off = load<usize>(op, SparseWeightGrad.off);
  const grad = load<usize>(op, SparseWeightGrad.grad);
  const rows = load<i32>(op, SparseWeightGrad.rows);
  const height = load<i32>(op, SparseWeightGrad.height);
  const width = load<i32>(op, SparseWeightGrad.width);
  const posBytes = load<i32>(op, SparseWeightGrad.posBytes);
  const xRow = load<i32>(op, SparseWeightGrad.xRow);
  const xCol = load<i32>(op, SparseWeightGrad.xCol);
  const dRow = load<i32>(op, SparseWeightGrad.dyRow);
  const dCol = load<i32>(op, SparseWeightGrad.dyCol);
  const dPlane = load<usize>(op, SparseWeightGrad.dyPlane);
  const stripe = load<i32>(op, SparseWeightGrad.stripe);
  const joined = xCol == posBytes && dCol == posBytes;
  const runs = joined ? 1 : width;
  const runBytes = joined ? width * posBytes : posBytes;
  const first = balancedStart(rowPtr, rows, thread, threads);
  const last = balancedStart(rowPtr, rows, thread + 1, threads);
  const joinOp = threads == 1 && load<i32>(op, SparseWeightGrad.pipelined) ? op - RECORD_BYTES : 0;
  let joinedRows = 0;
  for (let top = 0; top < height; top += stripe) {
    const count = min(height, top + stripe) - top;
    if (joinOp) {
      const isLast = top + count == height;
      const ahead = isLast ? load<i32>(joinOp, Join.height) : load<i32>(op, SparseWeightGrad.ahead);
      joinedRows = joinAhead(joinOp, joinedRows, top + count, load<i32>(op, SparseWeightGrad.stride), ahead);
    }
    const px = x + <usize>(top * xRow);
    for (let r = first; r < last; r++) {
      let k = <usize>load<u32>(rowPtr + 4 * (<usize>r));
      const end = <usize>load<u32>(rowPtr + 4 * (<usize>r) + 4);
      const pd = dy + (<usize>r) * dPlane + <usize>(top * dRow);
      for (; k + 16 <= end; k += 16) {
        dot4(pd, px, off + k, grad + k, count, runs, runBytes, dRow, dCol, xRow, xCol);
      }
      for (; k + 8 <= end; k += 8) {
        dot2(pd, px, off + k, grad + k, count, runs, runBytes, dRow, dCol, xRow, xCol);
      }
      for (; k < end; k += 4) {
        dot1(pd, px, off + k, grad + k, count, runs, runBytes, dRow, dCol, xRow, xCol);
      }
    }
  }
}
