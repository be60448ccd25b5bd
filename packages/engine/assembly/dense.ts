/**
 * Convolution and dense layers over all weights: four output channels by eight floats in eight accumulators. Weights
 * come packed as [rows / 4][k][4] (rows padded with zeros); k counts (tap, input channel) with a byte offset each.
 */
import { DenseConv, DenseWeightGrad, PackDense } from './gen/ops';
import { tile4, tile8 } from './dense-tiles';
import { laneSums, madd, shareStart } from './lanes';

/** Input values of one tile that stay in the first-level cache while all output channels pass over them. */
const BLOCK: i32 = 256;

/** Forward pass, and input gradient through transposed weights. A bias must be padded to whole fours. */
export function denseConv(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, DenseConv.x);
  const y = load<usize>(op, DenseConv.y);
  const kOff = load<usize>(op, DenseConv.kOff);
  const kCount = load<i32>(op, DenseConv.kCount);
  const pack = load<usize>(op, DenseConv.pack);
  const rows = load<i32>(op, DenseConv.channels);
  const height = load<i32>(op, DenseConv.height);
  const width = load<i32>(op, DenseConv.width);
  const posBytes = load<i32>(op, DenseConv.posBytes);
  const xRow = load<i32>(op, DenseConv.xRow);
  const xCol = load<i32>(op, DenseConv.xCol);
  const yRow = load<i32>(op, DenseConv.yRow);
  const yCol = load<i32>(op, DenseConv.yCol);
  const yPlane = load<usize>(op, DenseConv.yPlane);
  const bias = load<usize>(op, DenseConv.bias);
  const accumulate = load<i32>(op, DenseConv.accumulate);
  const joined = xCol == posBytes && yCol == posBytes;
  const runs = joined ? 1 : width;
  const runBytes = joined ? width * posBytes : posBytes;
  const blocks = (rows + 3) >> 2;
  const firstBlock = shareStart(blocks, thread, threads);
  const lastBlock = shareStart(blocks, thread + 1, threads);
  // A phase without taps still runs once, to write its zeros or biases.
  for (let k0 = 0; k0 < max(kCount, 1); k0 += BLOCK) {
    const count = min(BLOCK, kCount - k0);
    const offs = kOff + 4 * (<usize>k0);
    const add = accumulate | i32(k0 > 0);
    for (let h = 0; h < height; h++) {
      for (let run = 0; run < runs; run++) {
        const px = x + <usize>(h * xRow + run * xCol);
        const py = y + <usize>(h * yRow + run * yCol);
        for (let i = 0; i < runBytes; i += 32) {
          const whole = i + 32 <= runBytes;
          for (let b = firstBlock; b < lastBlock; b++) {
            const w = pack + 16 * (<usize>b * <usize>kCount + <usize>k0);
            const to = py + 4 * (<usize>b) * yPlane + <usize>i;
            const init = bias ? bias + 16 * (<usize>b) : 0;
            const left = min(4, rows - 4 * b);
            if (whole) tile8(px + <usize>i, offs, count, w, to, yPlane, left, init, add);
            else tile4(px + <usize>i, offs, count, w, to, yPlane, left, init, add);
          }
        }
      }
    }
  }
}

/** Gradients of two values of k by four output channels. With one k left, both point to the same. */
function dots(
  pd: usize, plane: usize, px: usize, o0: usize, o1: usize, rows: i32, runs: i32, runBytes: i32, dRow: i32,
  dCol: i32, xRow: i32, xCol: i32, grad0: usize, grad1: usize, valid: i32,
): void {
  let a0 = f32x4.splat(0);
  let b0 = a0;
  let c0 = a0;
  let d0 = a0;
  let a1 = a0;
  let b1 = a0;
  let c1 = a0;
  let d1 = a0;
  // Rows beyond the last channel read the first one again; their sums are thrown away.
  const none: usize = 0;
  const toB = valid > 1 ? plane : none;
  const toC = valid > 2 ? plane << 1 : none;
  const toD = valid > 3 ? plane * 3 : none;
  for (let h = 0; h < rows; h++) {
    for (let run = 0; run < runs; run++) {
      let d = pd + <usize>(h * dRow + run * dCol);
      const base = px + <usize>(h * xRow + run * xCol);
      let x0 = base + o0;
      let x1 = base + o1;
      const end = d + runBytes;
      for (; d < end; d += 16) {
        const u = v128.load(x0);
        const v = v128.load(x1);
        let g = v128.load(d);
        a0 = madd(a0, g, u);
        a1 = madd(a1, g, v);
        g = v128.load(d + toB);
        b0 = madd(b0, g, u);
        b1 = madd(b1, g, v);
        g = v128.load(d + toC);
        c0 = madd(c0, g, u);
        c1 = madd(c1, g, v);
        g = v128.load(d + toD);
        d0 = madd(d0, g, u);
        d1 = madd(d1, g, v);
        x0 += 16;
        x1 += 16;
      }
    }
  }
  addSums(grad0, valid, laneSums(a0, b0, c0, d0));
  if (grad1 != grad0) addSums(grad1, valid, laneSums(a1, b1, c1, d1));
}

// @ts-ignore: decorator
@inline
function addSums(grad: usize, valid: i32, sums: v128): void {
  if (valid == 4) {
    v128.store(grad, f32x4.add(v128.load(grad), sums));
    return;
  }
  store<f32>(grad, load<f32>(grad) + f32x4.extract_lane(sums, 0));
  if (valid > 1) store<f32>(grad, load<f32>(grad, 4) + f32x4.extract_lane(sums, 1), 4);
  if (valid > 2) store<f32>(grad, load<f32>(grad, 8) + f32x4.extract_lane(sums, 2), 8);
}

/** Gradient of every weight, active or not, added to `grad + k·gradStride + 4·row`. */
export function denseWeightGrad(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, DenseWeightGrad.x);
  const dy = load<usize>(op, DenseWeightGrad.dy);
  const kOff = load<usize>(op, DenseWeightGrad.kOff);
  const kCount = load<i32>(op, DenseWeightGrad.kCount);
  const grad = load<usize>(op, DenseWeightGrad.grad);
  const gradStride = load<usize>(op, DenseWeightGrad.gradStride);
  const rows = load<i32>(op, DenseWeightGrad.channels);
  const height = load<i32>(op, DenseWeightGrad.height);
  const width = load<i32>(op, DenseWeightGrad.width);
  const posBytes = load<i32>(op, DenseWeightGrad.posBytes);
  const xRow = load<i32>(op, DenseWeightGrad.xRow);
  const xCol = load<i32>(op, DenseWeightGrad.xCol);
  const dRow = load<i32>(op, DenseWeightGrad.dyRow);
  const dCol = load<i32>(op, DenseWeightGrad.dyCol);
  const dPlane = load<usize>(op, DenseWeightGrad.dyPlane);
  const stripe = load<i32>(op, DenseWeightGrad.stripe);
  const joined = xCol == posBytes && dCol == posBytes;
  const runs = joined ? 1 : width;
  const runBytes = joined ? width * posBytes : posBytes;
  const blocks = (rows + 3) >> 2;
  const firstBlock = shareStart(blocks, thread, threads);
  const lastBlock = shareStart(blocks, thread + 1, threads);
  for (let top = 0; top < height; top += stripe) {
    const count = min(height, top + stripe) - top;
    const px = x + <usize>(top * xRow);
    for (let b = firstBlock; b < lastBlock; b++) {
      const pd = dy + 4 * (<usize>b) * dPlane + <usize>(top * dRow);
      const valid = min(4, rows - 4 * b);
      for (let k = 0; k < kCount; k += 2) {
        const next = min(k + 1, kCount - 1);
        const g0 = grad + <usize>k * gradStride + 16 * <usize>b;
        const g1 = grad + <usize>next * gradStride + 16 * <usize>b;
        const o0 = load<u32>(kOff + 4 * (<usize>k));
        const o1 = load<u32>(kOff + 4 * (<usize>next));
        dots(pd, dPlane, px, o0, o1, count, runs, runBytes, dRow, dCol, xRow, xCol, g0, g1, valid);
      }
    }
  }
}

/**
 * Packs weights into [rows / 4][kTotal][4]: element (row, k) is at `src + k·kStride + row·rowStride` bytes.
 */
export function packDense(op: usize, thread: i32, threads: i32): void {
  const dst = load<usize>(op, PackDense.dst);
  const src = load<usize>(op, PackDense.src);
  const kCount = load<usize>(op, PackDense.kCount);
  const kTotal = load<usize>(op, PackDense.kTotal);
  const rows = load<usize>(op, PackDense.rows);
  const kStride = load<usize>(op, PackDense.kStride);
  const rowStride = load<usize>(op, PackDense.rowStride);
  const blocks = (rows + 3) >> 2;
  const last = <usize>shareStart(<i32>blocks, thread + 1, threads);
  for (let b = <usize>shareStart(<i32>blocks, thread, threads); b < last; b++) {
    for (let k: usize = 0; k < kCount; k++) {
      const to = dst + 16 * (b * kTotal + k);
      for (let i: usize = 0; i < 4; i++) {
        const row = (b << 2) + i;
        store<f32>(to + 4 * i, row < rows ? load<f32>(src + k * kStride + row * rowStride) : 0);
      }
    }
  }
}
