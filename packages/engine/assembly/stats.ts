/**
 * Sums for batch-norm statistics. Per channel three float64: shift, sum of (x − shift), sum of (x − shift)². The shift,
 * the mean of the channel's first position, keeps the one-pass variance exact where the mean is large.
 */
import { BiasGrad, ChannelStats } from './gen/ops';
import { laneSum, shareStart, tailMask } from './lanes';

/** Starts a channel's sums from the real lanes of its first position. */
export function openStats(stats: usize, channel: i32, first: usize, lanes: i32): void {
  let sum: f64 = 0;
  for (let i = 0; i < lanes; i++) sum += <f64>load<f32>(first + 4 * (<usize>i));
  const at = stats + 24 * (<usize>channel);
  store<f64>(at, <f64>(<f32>(sum / <f64>lanes)), 0);
  store<f64>(at, 0, 8);
  store<f64>(at, 0, 16);
}

/** Adds one row of `width` positions. Lanes beyond the batch do not count. */
export function gatherRow(
  stats: usize, channel: i32, row: usize, width: i32, posBytes: i32, lanes: i32,
): void {
  const at = stats + 24 * (<usize>channel);
  const shift = f32x4.splat(<f32>load<f64>(at));
  const end = row + <usize>(width * posBytes);
  if (lanes << 2 == posBytes) gatherWhole(at, row, end, shift);
  else gatherPadded(at, row, end, shift, posBytes, tailMask(lanes, posBytes));
}

/** Every lane is a sample: four vectors at a time. */
// @ts-ignore: decorator
@inline
function gatherWhole(at: usize, row: usize, end: usize, shift: v128): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let q0 = s0;
  let q1 = s0;
  let q2 = s0;
  let q3 = s0;
  let p = row;
  for (; p + 64 <= end; p += 64) {
    const v0 = f32x4.sub(v128.load(p, 0), shift);
    const v1 = f32x4.sub(v128.load(p, 16), shift);
    const v2 = f32x4.sub(v128.load(p, 32), shift);
    const v3 = f32x4.sub(v128.load(p, 48), shift);
    s0 = f32x4.add(s0, v0);
    s1 = f32x4.add(s1, v1);
    s2 = f32x4.add(s2, v2);
    s3 = f32x4.add(s3, v3);
    q0 = f32x4.add(q0, f32x4.mul(v0, v0));
    q1 = f32x4.add(q1, f32x4.mul(v1, v1));
    q2 = f32x4.add(q2, f32x4.mul(v2, v2));
    q3 = f32x4.add(q3, f32x4.mul(v3, v3));
  }
  s0 = f32x4.add(s0, s2);
  s1 = f32x4.add(s1, s3);
  q0 = f32x4.add(q0, q2);
  q1 = f32x4.add(q1, q3);
  for (; p + 32 <= end; p += 32) {
    const v0 = f32x4.sub(v128.load(p, 0), shift);
    const v1 = f32x4.sub(v128.load(p, 16), shift);
    s0 = f32x4.add(s0, v0);
    s1 = f32x4.add(s1, v1);
    q0 = f32x4.add(q0, f32x4.mul(v0, v0));
    q1 = f32x4.add(q1, f32x4.mul(v1, v1));
  }
  if (p < end) {
    const v0 = f32x4.sub(v128.load(p), shift);
    s0 = f32x4.add(s0, v0);
    q0 = f32x4.add(q0, f32x4.mul(v0, v0));
  }
  addToStats(at, f32x4.add(s0, s1), f32x4.add(q0, q1));
}

/** The last vector of every position may have lanes without samples. */
// @ts-ignore: decorator
@inline
function gatherPadded(at: usize, row: usize, end: usize, shift: v128, posBytes: i32, tail: v128): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let q0 = s0;
  let q1 = s0;
  let p = row;
  while (p < end) {
    const whole = p + posBytes - 16;
    for (; p < whole; p += 16) {
      const v0 = f32x4.sub(v128.load(p), shift);
      s0 = f32x4.add(s0, v0);
      q0 = f32x4.add(q0, f32x4.mul(v0, v0));
    }
    const v1 = v128.and(f32x4.sub(v128.load(p), shift), tail);
    s1 = f32x4.add(s1, v1);
    q1 = f32x4.add(q1, f32x4.mul(v1, v1));
    p += 16;
  }
  addToStats(at, f32x4.add(s0, s1), f32x4.add(q0, q1));
}

// @ts-ignore: decorator
@inline
function addToStats(at: usize, sums: v128, squares: v128): void {
  store<f64>(at, load<f64>(at, 8) + <f64>laneSum(sums), 8);
  store<f64>(at, load<f64>(at, 16) + <f64>laneSum(squares), 16);
}

/** Statistics of a tensor that no sparse convolution produced. */
export function channelStats(op: usize, thread: i32, threads: i32): void {
  const x = load<usize>(op, ChannelStats.x);
  const stats = load<usize>(op, ChannelStats.stats);
  const channels = load<i32>(op, ChannelStats.channels);
  const height = load<i32>(op, ChannelStats.height);
  const width = load<i32>(op, ChannelStats.width);
  const posBytes = load<i32>(op, ChannelStats.posBytes);
  const lanes = load<i32>(op, ChannelStats.lanes);
  const row = load<usize>(op, ChannelStats.xRow);
  const plane = load<usize>(op, ChannelStats.xPlane);
  const last = shareStart(channels, thread + 1, threads);
  for (let c = shareStart(channels, thread, threads); c < last; c++) {
    const base = x + (<usize>c) * plane;
    openStats(stats, c, base, lanes);
    for (let h = 0; h < height; h++) gatherRow(stats, c, base + (<usize>h) * row, width, posBytes, lanes);
  }
}

/** Adds every channel's sum of output gradients to its bias gradient. */
export function biasGrad(op: usize, thread: i32, threads: i32): void {
  const dy = load<usize>(op, BiasGrad.dy);
  const grad = load<usize>(op, BiasGrad.grad);
  const channels = load<i32>(op, BiasGrad.channels);
  const height = load<i32>(op, BiasGrad.height);
  const rowBytes = load<usize>(op, BiasGrad.width) * load<usize>(op, BiasGrad.posBytes);
  const row = load<usize>(op, BiasGrad.dyRow);
  const plane = load<usize>(op, BiasGrad.dyPlane);
  const last = shareStart(channels, thread + 1, threads);
  for (let c = shareStart(channels, thread, threads); c < last; c++) {
    let total: f64 = 0;
    for (let h = 0; h < height; h++) {
      let p = dy + (<usize>c) * plane + (<usize>h) * row;
      const end = p + rowBytes;
      let sum = f32x4.splat(0);
      for (; p < end; p += 16) sum = f32x4.add(sum, v128.load(p));
      total += <f64>laneSum(sum);
    }
    const at = grad + 4 * (<usize>c);
    store<f32>(at, load<f32>(at) + <f32>total);
  }
}
