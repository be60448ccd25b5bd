/** Tiles of four output channels, whose weights are packed as [k][4]: one load of the input for four sums. */
import { madd } from './lanes';

/** Initial sum of a channel: its bias, or 0 if there is none. */
// @ts-ignore: decorator
@inline
function biasOf(init: usize, channel: usize): v128 {
  return init ? v128.load_splat<f32>(init + channel) : f32x4.splat(0);
}

// @ts-ignore: decorator
@inline
function storeRow(y: usize, plane: usize, rows: i32, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(y, a);
  if (rows > 1) v128.store(y + plane, b);
  if (rows > 2) v128.store(y + 2 * plane, c);
  if (rows > 3) v128.store(y + 3 * plane, d);
}

/** Four rows by eight floats over `count` values of k. */
export function tile8(
  x: usize, kOff: usize, count: i32, w: usize, y: usize, plane: usize, rows: i32, init: usize, add: i32,
): void {
  let a0 = biasOf(init, 0);
  let b0 = biasOf(init, 4);
  let c0 = biasOf(init, 8);
  let d0 = biasOf(init, 12);
  let a1 = a0;
  let b1 = b0;
  let c1 = c0;
  let d1 = d0;
  if (add) {
    a0 = v128.load(y, 0);
    a1 = v128.load(y, 16);
    if (rows > 1) {
      b0 = v128.load(y + plane, 0);
      b1 = v128.load(y + plane, 16);
    }
    if (rows > 2) {
      c0 = v128.load(y + 2 * plane, 0);
      c1 = v128.load(y + 2 * plane, 16);
    }
    if (rows > 3) {
      d0 = v128.load(y + 3 * plane, 0);
      d1 = v128.load(y + 3 * plane, 16);
    }
  }
  const end = kOff + 4 * (<usize>count);
  for (; kOff < end; kOff += 4) {
    const p = x + load<u32>(kOff);
    const u = v128.load(p, 0);
    const v = v128.load(p, 16);
    let s = v128.load_splat<f32>(w, 0);
    a0 = madd(a0, s, u);
    a1 = madd(a1, s, v);
    s = v128.load_splat<f32>(w, 4);
    b0 = madd(b0, s, u);
    b1 = madd(b1, s, v);
    s = v128.load_splat<f32>(w, 8);
    c0 = madd(c0, s, u);
    c1 = madd(c1, s, v);
    s = v128.load_splat<f32>(w, 12);
    d0 = madd(d0, s, u);
    d1 = madd(d1, s, v);
    w += 16;
  }
  storeRow(y, plane, rows, a0, b0, c0, d0);
  storeRow(y + 16, plane, rows, a1, b1, c1, d1);
}

/** Four rows by four floats: the end of a run. */
export function tile4(
  x: usize, kOff: usize, count: i32, w: usize, y: usize, plane: usize, rows: i32, init: usize, add: i32,
): void {
  let a = biasOf(init, 0);
  let b = biasOf(init, 4);
  let c = biasOf(init, 8);
  let d = biasOf(init, 12);
  if (add) {
    a = v128.load(y);
    if (rows > 1) b = v128.load(y + plane);
    if (rows > 2) c = v128.load(y + 2 * plane);
    if (rows > 3) d = v128.load(y + 3 * plane);
  }
  const end = kOff + 4 * (<usize>count);
  for (; kOff < end; kOff += 4) {
    const u = v128.load(x + load<u32>(kOff));
    a = madd(a, v128.load_splat<f32>(w, 0), u);
    b = madd(b, v128.load_splat<f32>(w, 4), u);
    c = madd(c, v128.load_splat<f32>(w, 8), u);
    d = madd(d, v128.load_splat<f32>(w, 12), u);
    w += 16;
  }
  storeRow(y, plane, rows, a, b, c, d);
}
