/**
 * Runs of output floats of one row of active weights: its list is read once for every 24, 16 or 4 floats. Six
 * sums, as many inputs and a weight are 13 registers of the 15 that V8 gives. It loads all that an iteration
 * reads before it computes, so with eight sums some go through memory, on the way of every addition (a
 * quarter slower); the last 32 floats are still taken at once, as two passes over the list would cost more.
 */
import { madd } from './lanes';

/** Initial values of a tile's accumulators: the row's bias, the first product, or what the output holds. */
export const INIT_BIAS: i32 = 0;
export const INIT_PRODUCT: i32 = 1;
export const INIT_OUTPUT: i32 = 2;

/** Eight vectors of output floats over the whole list. */
// @ts-ignore: decorator
@inline
function tile8(px: usize, py: usize, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
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

/** Six vectors of output floats over the whole list. */
// @ts-ignore: decorator
@inline
function tile6(px: usize, py: usize, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
  let k = off;
  let a0 = bias;
  let a1 = bias;
  let a2 = bias;
  let a3 = bias;
  let a4 = bias;
  let a5 = bias;
  if (init == INIT_PRODUCT) {
    const p = px + load<u32>(k);
    const w = v128.load_splat<f32>(k + valDelta);
    a0 = f32x4.mul(w, v128.load(p, 0));
    a1 = f32x4.mul(w, v128.load(p, 16));
    a2 = f32x4.mul(w, v128.load(p, 32));
    a3 = f32x4.mul(w, v128.load(p, 48));
    a4 = f32x4.mul(w, v128.load(p, 64));
    a5 = f32x4.mul(w, v128.load(p, 80));
    k += 4;
  } else if (init == INIT_OUTPUT) {
    a0 = v128.load(py, 0);
    a1 = v128.load(py, 16);
    a2 = v128.load(py, 32);
    a3 = v128.load(py, 48);
    a4 = v128.load(py, 64);
    a5 = v128.load(py, 80);
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
  }
  v128.store(py, a0, 0);
  v128.store(py, a1, 16);
  v128.store(py, a2, 32);
  v128.store(py, a3, 48);
  v128.store(py, a4, 64);
  v128.store(py, a5, 80);
}

/** Four vectors of output floats over the whole list. */
// @ts-ignore: decorator
@inline
function tile4(px: usize, py: usize, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
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

/** One vector of output floats over the whole list. */
// @ts-ignore: decorator
@inline
function tile1(px: usize, py: usize, off: usize, end: usize, valDelta: usize, init: i32, bias: v128): void {
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
function runTiles(
  px: usize, py: usize, bytes: i32, off: usize, end: usize, valDelta: usize, init: i32, bias: v128,
): void {
  let left = bytes;
  while (left >= 96 && left != 128) {
    tile6(px, py, off, end, valDelta, init, bias);
    px += 96;
    py += 96;
    left -= 96;
  }
  if (left == 128) {
    tile8(px, py, off, end, valDelta, init, bias);
    return;
  }
  if (left >= 64) {
    tile4(px, py, off, end, valDelta, init, bias);
    px += 64;
    py += 64;
    left -= 64;
  }
  while (left > 0) {
    tile1(px, py, off, end, valDelta, init, bias);
    px += 16;
    py += 16;
    left -= 16;
  }
}

/** {@link runTiles} once for each way to start, so that the choice is outside the loops. */
export function runRow(
  px: usize, py: usize, bytes: i32, off: usize, end: usize, valDelta: usize, init: i32, bias: v128,
): void {
  if (init == INIT_PRODUCT) runTiles(px, py, bytes, off, end, valDelta, INIT_PRODUCT, bias);
  else if (init == INIT_OUTPUT) runTiles(px, py, bytes, off, end, valDelta, INIT_OUTPUT, bias);
  else runTiles(px, py, bytes, off, end, valDelta, INIT_BIAS, bias);
}
