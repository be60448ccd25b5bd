/** Gradients of single active weights: dot products of a channel's output gradient with the input under their taps. */
import { SparseWeightGrad } from './gen/ops';
import { laneSum, madd } from './lanes';

/** Weights that one pass over the output gradient serves at most. */
const MOST_DOTS: i32 = 6;

/**
 * Adds the gradients of one to three active weights of one output channel, from the one at `off` and `grad` on: the
 * output gradient is read once for all. Few sums would wait for one another, so each is taken in two halves. `count` is a
 * constant wherever this is inlined.
 */
// @ts-ignore: decorator
@inline
function fewDots(
  count: i32, op: usize, pd: usize, px: usize, off: usize, grad: usize, rows: i32, runs: i32, runBytes: i32,
): void {
  const dRow = load<i32>(op, SparseWeightGrad.dyRow);
  const dCol = load<i32>(op, SparseWeightGrad.dyCol);
  const xRow = load<i32>(op, SparseWeightGrad.xRow);
  const xCol = load<i32>(op, SparseWeightGrad.xCol);
  const o0 = load<u32>(off, 0);
  const o1 = count > 1 ? load<u32>(off, 4) : 0;
  const o2 = count > 2 ? load<u32>(off, 8) : 0;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  for (let h = 0; h < rows; h++) {
    for (let run = 0; run < runs; run++) {
      let d = pd + <usize>(h * dRow + run * dCol);
      const base = px + <usize>(h * xRow + run * xCol);
      let x0 = base + o0;
      let x1 = base + o1;
      let x2 = base + o2;
      const end = d + runBytes;
      const stop = d + (runBytes & ~31);
      while (d < stop) {
        const g = v128.load(d, 0);
        const f = v128.load(d, 16);
        a0 = madd(a0, g, v128.load(x0, 0));
        b0 = madd(b0, f, v128.load(x0, 16));
        if (count > 1) a1 = madd(a1, g, v128.load(x1, 0));
        if (count > 1) b1 = madd(b1, f, v128.load(x1, 16));
        if (count > 2) a2 = madd(a2, g, v128.load(x2, 0));
        if (count > 2) b2 = madd(b2, f, v128.load(x2, 16));
        d += 32;
        x0 += 32;
        if (count > 1) x1 += 32;
        if (count > 2) x2 += 32;
      }
      if (d < end) {
        const g = v128.load(d);
        a0 = madd(a0, g, v128.load(x0));
        if (count > 1) a1 = madd(a1, g, v128.load(x1));
        if (count > 2) a2 = madd(a2, g, v128.load(x2));
      }
    }
  }
  addSum(grad, f32x4.add(a0, b0));
  if (count > 1) addSum(grad + 4, f32x4.add(a1, b1));
  if (count > 2) addSum(grad + 8, f32x4.add(a2, b2));
}

/**
 * The same for four to six weights. A sum for each, one vector of the output gradient and one of each input are 13
 * registers of the 15 that V8 gives; it loads all that an iteration reads before it computes, and what does not fit goes
 * through memory, on the way of every sum.
 */
// @ts-ignore: decorator
@inline
function manyDots(
  count: i32, op: usize, pd: usize, px: usize, off: usize, grad: usize, rows: i32, runs: i32, runBytes: i32,
): void {
  const dRow = load<i32>(op, SparseWeightGrad.dyRow);
  const dCol = load<i32>(op, SparseWeightGrad.dyCol);
  const xRow = load<i32>(op, SparseWeightGrad.xRow);
  const xCol = load<i32>(op, SparseWeightGrad.xCol);
  const o0 = load<u32>(off, 0);
  const o1 = load<u32>(off, 4);
  const o2 = load<u32>(off, 8);
  const o3 = load<u32>(off, 12);
  const o4 = count > 4 ? load<u32>(off, 16) : 0;
  const o5 = count > 5 ? load<u32>(off, 20) : 0;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let a4 = a0;
  let a5 = a0;
  for (let h = 0; h < rows; h++) {
    for (let run = 0; run < runs; run++) {
      let d = pd + <usize>(h * dRow + run * dCol);
      const base = px + <usize>(h * xRow + run * xCol);
      let x0 = base + o0;
      let x1 = base + o1;
      let x2 = base + o2;
      let x3 = base + o3;
      let x4 = base + o4;
      let x5 = base + o5;
      const end = d + runBytes;
      while (d < end) {
        const g = v128.load(d);
        a0 = madd(a0, g, v128.load(x0));
        a1 = madd(a1, g, v128.load(x1));
        a2 = madd(a2, g, v128.load(x2));
        a3 = madd(a3, g, v128.load(x3));
        if (count > 4) a4 = madd(a4, g, v128.load(x4));
        if (count > 5) a5 = madd(a5, g, v128.load(x5));
        d += 16;
        x0 += 16;
        x1 += 16;
        x2 += 16;
        x3 += 16;
        if (count > 4) x4 += 16;
        if (count > 5) x5 += 16;
      }
    }
  }
  addSum(grad, a0);
  addSum(grad + 4, a1);
  addSum(grad + 8, a2);
  addSum(grad + 12, a3);
  if (count > 4) addSum(grad + 16, a4);
  if (count > 5) addSum(grad + 20, a5);
}

// @ts-ignore: decorator
@inline
function addSum(grad: usize, sums: v128): void {
  store<f32>(grad, load<f32>(grad) + laneSum(sums));
}

/** Gradients of the `count` active weights of one output channel, as few passes as can be, each of about as many. */
export function rowDots(
  count: i32, op: usize, pd: usize, px: usize, off: usize, grad: usize, rows: i32, runs: i32, runBytes: i32,
): void {
  for (let passes = (count + MOST_DOTS - 1) / MOST_DOTS; passes > 0; passes--) {
    const now = (count + passes - 1) / passes;
    switch (now) {
      case 1:
        fewDots(1, op, pd, px, off, grad, rows, runs, runBytes);
        break;
      case 2:
        fewDots(2, op, pd, px, off, grad, rows, runs, runBytes);
        break;
      case 3:
        fewDots(3, op, pd, px, off, grad, rows, runs, runBytes);
        break;
      case 4:
        manyDots(4, op, pd, px, off, grad, rows, runs, runBytes);
        break;
      case 5:
        manyDots(5, op, pd, px, off, grad, rows, runs, runBytes);
        break;
      default:
        manyDots(6, op, pd, px, off, grad, rows, runs, runBytes);
    }
    count -= now;
    off += 4 * <usize>now;
    grad += 4 * <usize>now;
  }
}
