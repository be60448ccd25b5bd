/** The backward pass of a join: through its activation, and through the norms of its terms. */
import { closeRow, openGap } from './gaps';
import { JoinGrad } from './gen/ops';
import { laneSum, madd, shareStart, tailMask } from './lanes';
import { scaleOf, shiftOf } from './norm';

/** Sums of one row of a join's gradient: Σg into `sum`, Σg·(x − mean) into `dot0` and `dot1`. */
let sum: f64 = 0;
let dot0: f64 = 0;
let dot1: f64 = 0;

// @ts-ignore: decorator
@inline
function maskOf(value: v128, kind: i32): v128 {
  const above = f32x4.gt(value, f32x4.splat(0));
  return kind == 2 ? v128.and(above, f32x4.lt(value, f32x4.splat(6))) : above;
}

/** Masks dz by the activation's slope in place; `z` 0 means: recompute the pre-activation from x0. */
function reduceRow(
  dz: usize, z: usize, x0: usize, x1: usize, bytes: usize, kind: i32, a: v128, b: v128, mean0: v128,
  mean1: v128,
): void {
  const end = dz + bytes;
  let s = f32x4.splat(0);
  let t0 = s;
  let t1 = s;
  const first = z ? z : x0;
  const toValue = first - dz;
  const to0 = x0 - dz;
  const to1 = x1 - dz;
  for (; dz < end; dz += 16) {
    let g = v128.load(dz);
    if (kind) {
      const raw = v128.load(dz + toValue);
      const value = z ? raw : madd(b, a, raw);
      g = v128.and(g, maskOf(value, kind));
      v128.store(dz, g);
    }
    s = f32x4.add(s, g);
    if (x0) t0 = madd(t0, g, f32x4.sub(v128.load(dz + to0), mean0));
    if (x1) t1 = madd(t1, g, f32x4.sub(v128.load(dz + to1), mean1));
  }
  sum += <f64>laneSum(s);
  dot0 += <f64>laneSum(t0);
  dot1 += <f64>laneSum(t1);
}

/** The common case of {@link reduceRow}: one norm, relu, recomputed; dz stays as it is. */
function reduceRowRelu(dz: usize, x0: usize, bytes: usize, a: v128, b: v128, mean0: v128): void {
  const end = dz + bytes;
  const zero = f32x4.splat(0);
  let s0 = zero;
  let t0 = zero;
  let s1 = zero;
  let t1 = zero;
  let s2 = zero;
  let t2 = zero;
  while (dz + 48 <= end) {
    let raw = v128.load(x0, 0);
    let g = v128.and(v128.load(dz, 0), f32x4.gt(madd(b, a, raw), zero));
    s0 = f32x4.add(s0, g);
    t0 = madd(t0, g, f32x4.sub(raw, mean0));
    raw = v128.load(x0, 16);
    g = v128.and(v128.load(dz, 16), f32x4.gt(madd(b, a, raw), zero));
    s1 = f32x4.add(s1, g);
    t1 = madd(t1, g, f32x4.sub(raw, mean0));
    raw = v128.load(x0, 32);
    g = v128.and(v128.load(dz, 32), f32x4.gt(madd(b, a, raw), zero));
    s2 = f32x4.add(s2, g);
    t2 = madd(t2, g, f32x4.sub(raw, mean0));
    dz += 48;
    x0 += 48;
  }
  while (dz < end) {
    const raw = v128.load(x0);
    const g = v128.and(v128.load(dz), f32x4.gt(madd(b, a, raw), zero));
    s0 = f32x4.add(s0, g);
    t0 = madd(t0, g, f32x4.sub(raw, mean0));
    dz += 16;
    x0 += 16;
  }
  sum += <f64>laneSum(f32x4.add(f32x4.add(s0, s1), s2));
  dot0 += <f64>laneSum(f32x4.add(f32x4.add(t0, t1), t2));
}

/**
 * {@link reduceRow} for an addition with one norm and relu, whose output is available; dz is masked in place.
 */
function reduceRowSum(dz: usize, z: usize, x0: usize, bytes: usize, mean0: v128): void {
  const end = dz + bytes;
  const zero = f32x4.splat(0);
  let s0 = zero;
  let t0 = zero;
  let s1 = zero;
  let t1 = zero;
  while (dz + 32 <= end) {
    let g = v128.and(v128.load(dz, 0), f32x4.gt(v128.load(z, 0), zero));
    v128.store(dz, g, 0);
    s0 = f32x4.add(s0, g);
    t0 = madd(t0, g, f32x4.sub(v128.load(x0, 0), mean0));
    g = v128.and(v128.load(dz, 16), f32x4.gt(v128.load(z, 16), zero));
    v128.store(dz, g, 16);
    s1 = f32x4.add(s1, g);
    t1 = madd(t1, g, f32x4.sub(v128.load(x0, 16), mean0));
    dz += 32;
    x0 += 32;
    z += 32;
  }
  if (dz < end) {
    const g = v128.and(v128.load(dz), f32x4.gt(v128.load(z), zero));
    v128.store(dz, g);
    s0 = f32x4.add(s0, g);
    t0 = madd(t0, g, f32x4.sub(v128.load(x0), mean0));
  }
  sum += <f64>laneSum(f32x4.add(s0, s1));
  dot0 += <f64>laneSum(f32x4.add(t0, t1));
}

/**
 * The gradient of x: A·((g − mean of g) + E·(x − mean)). Differences are taken first, so that a channel whose
 * gradient is 0 in theory gets 0 up to the last bits of g.
 */
// @ts-ignore: decorator
@inline
function slope(g: v128, x: v128, A: v128, E: v128, meanG: v128, mean: v128): v128 {
  return f32x4.mul(A, madd(f32x4.sub(g, meanG), E, f32x4.sub(x, mean)));
}

/** Replaces a row of x by its gradient; padding lanes become 0. */
function applyRow(
  dz: usize, x: usize, bytes: usize, posBytes: usize, A: v128, E: v128, meanG: v128, mean: v128, tail: v128,
): void {
  const end = x + bytes;
  if (posBytes == 0) {
    for (; x < end; x += 16) {
      v128.store(x, slope(v128.load(dz), v128.load(x), A, E, meanG, mean));
      dz += 16;
    }
    return;
  }
  while (x < end) {
    const whole = x + posBytes - 16;
    for (; x < whole; x += 16) {
      v128.store(x, slope(v128.load(dz), v128.load(x), A, E, meanG, mean));
      dz += 16;
    }
    v128.store(x, v128.and(tail, slope(v128.load(dz), v128.load(x), A, E, meanG, mean)));
    x += 16;
    dz += 16;
  }
}

/** {@link applyRow} after {@link reduceRowRelu}, which left dz unmasked. */
function applyRowRelu(
  dz: usize, x: usize, bytes: usize, A: v128, E: v128, meanG: v128, mean: v128, a: v128, b: v128,
): void {
  const end = x + bytes;
  const zero = f32x4.splat(0);
  for (; x < end; x += 16) {
    const raw = v128.load(x);
    const g = v128.and(v128.load(dz), f32x4.gt(madd(b, a, raw), zero));
    v128.store(x, slope(g, raw, A, E, meanG, mean));
    dz += 16;
  }
}

/** From the words of the first term to those of the second. */
const SECOND: usize = JoinGrad.x1 - JoinGrad.x0;

/** Second half of the backward pass of a term's norm, over one channel; x becomes its own gradient. */
function applyTerm(op: usize, second: bool, c: usize, dot: f64, unmasked: bool): void {
  const term = second ? op + SECOND : op;
  const norm = load<usize>(term, JoinGrad.norm0);
  const gamma = load<usize>(term, JoinGrad.norm0Gamma);
  const dg = load<usize>(term, JoinGrad.norm0GammaGrad) + 4 * c;
  const db = load<usize>(term, JoinGrad.norm0BetaGrad) + 4 * c;
  const x = load<usize>(term, JoinGrad.x0) + c * load<usize>(term, JoinGrad.x0Plane);
  const row = load<usize>(term, JoinGrad.x0Row);
  const gapY = load<usize>(term, JoinGrad.x0GapY);
  const gapX = load<usize>(term, JoinGrad.x0GapX);
  const channels = load<usize>(op, JoinGrad.channels);
  const height = load<usize>(op, JoinGrad.height);
  const posBytes = load<i32>(op, JoinGrad.posBytes);
  const bytes = load<usize>(op, JoinGrad.width) * <usize>posBytes;
  const lanes = load<i32>(op, JoinGrad.lanes);
  const dz = load<usize>(op, JoinGrad.dz) + c * load<usize>(op, JoinGrad.dzPlane);
  const dzRow = load<usize>(op, JoinGrad.dzRow);
  const count = <f64>load<i32>(op, JoinGrad.count);
  const inverse = <f64>load<f32>(norm + 20 * channels + 4 * c);
  store<f32>(dg, load<f32>(dg) + <f32>(dot * inverse));
  store<f32>(db, load<f32>(db) + <f32>sum);
  const A = f32x4.splat(<f32>(<f64>load<f32>(gamma + 4 * c) * inverse));
  const E = f32x4.splat(<f32>((-inverse * inverse * dot) / count));
  const meanG = f32x4.splat(<f32>(sum / count));
  const mean = f32x4.splat(load<f32>(norm + 16 * channels + 4 * c));
  const a = f32x4.splat(scaleOf(norm, channels, c));
  const b = f32x4.splat(shiftOf(norm, channels, c));
  const masked = lanes << 2 != posBytes;
  const tail = tailMask(lanes, posBytes);
  for (let h: usize = 0; h < height; h++) {
    const px = x + h * row;
    if (unmasked) applyRowRelu(dz + h * dzRow, px, bytes, A, E, meanG, mean, a, b);
    else applyRow(dz + h * dzRow, px, bytes, masked ? <usize>posBytes : 0, A, E, meanG, mean, tail);
    closeRow(px, bytes, row, gapX * posBytes, gapY, h + 1 == height);
  }
}

/**
 * Backward pass of a join: dz becomes the gradient before the activation (and so that of every plain term), and each
 * x with a norm becomes its own gradient. Per channel both passes run while the channel is in cache.
 */
export function joinGrad(op: usize, thread: i32, threads: i32): void {
  const dz = load<usize>(op, JoinGrad.dz);
  const z = load<usize>(op, JoinGrad.z);
  const norm0 = load<usize>(op, JoinGrad.norm0);
  const norm1 = load<usize>(op, JoinGrad.norm1);
  const x0 = norm0 ? load<usize>(op, JoinGrad.x0) : 0;
  const x1 = norm1 ? load<usize>(op, JoinGrad.x1) : 0;
  const kind = load<i32>(op, JoinGrad.activation);
  const channels = load<usize>(op, JoinGrad.channels);
  const height = load<usize>(op, JoinGrad.height);
  const bytes = load<usize>(op, JoinGrad.width) * load<usize>(op, JoinGrad.posBytes);
  const dzRow = load<usize>(op, JoinGrad.dzRow);
  const dzPlane = load<usize>(op, JoinGrad.dzPlane);
  const zRow = load<usize>(op, JoinGrad.zRow);
  const zPlane = load<usize>(op, JoinGrad.zPlane);
  const x0Row = load<usize>(op, JoinGrad.x0Row);
  const x0Plane = load<usize>(op, JoinGrad.x0Plane);
  const x1Row = load<usize>(op, JoinGrad.x1Row);
  const x1Plane = load<usize>(op, JoinGrad.x1Plane);
  const posBytes = load<usize>(op, JoinGrad.posBytes);
  const gapY0 = load<usize>(op, JoinGrad.x0GapY);
  const gapX0 = load<usize>(op, JoinGrad.x0GapX);
  const gapY1 = load<usize>(op, JoinGrad.x1GapY);
  const gapX1 = load<usize>(op, JoinGrad.x1GapX);
  if (thread == 0 && x0) openGap(x0, x0Row, gapX0 * posBytes, gapY0);
  if (thread == 0 && x1) openGap(x1, x1Row, gapX1 * posBytes, gapY1);
  // With one norm and whole vectors of samples the slope is found again in the second pass, and dz is only read.
  const unmasked =
    kind == 1 && !z && !x1 && !load<i32>(op, JoinGrad.keep) && load<usize>(op, JoinGrad.lanes) << 2 == posBytes;
  const last = <usize>shareStart(<i32>channels, thread + 1, threads);
  for (let c = <usize>shareStart(<i32>channels, thread, threads); c < last; c++) {
    const a = f32x4.splat(scaleOf(norm0, channels, c));
    const b = f32x4.splat(shiftOf(norm0, channels, c));
    const mean0 = f32x4.splat(norm0 ? load<f32>(norm0 + 16 * channels + 4 * c) : 0);
    const mean1 = f32x4.splat(norm1 ? load<f32>(norm1 + 16 * channels + 4 * c) : 0);
    sum = 0;
    dot0 = 0;
    dot1 = 0;
    for (let h: usize = 0; h < height; h++) {
      const pd = dz + c * dzPlane + h * dzRow;
      const p0 = x0 ? x0 + c * x0Plane + h * x0Row : 0;
      if (unmasked) reduceRowRelu(pd, p0, bytes, a, b, mean0);
      else if (kind == 1 && z && x0 && !x1) reduceRowSum(pd, z + c * zPlane + h * zRow, p0, bytes, mean0);
      else {
        const p1 = x1 ? x1 + c * x1Plane + h * x1Row : 0;
        reduceRow(pd, z ? z + c * zPlane + h * zRow : 0, p0, p1, bytes, kind, a, b, mean0, mean1);
      }
    }
    if (x0) applyTerm(op, false, c, dot0, unmasked);
    if (x1) applyTerm(op, true, c, dot1, false);
  }
}
