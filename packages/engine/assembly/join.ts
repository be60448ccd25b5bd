/**
 * Batch norm, addition and activation in one op: `z = act(a₀·x₀ + b₀ [+ a₁·x₁ + b₁])`, where a term without a norm has
 * a = 1 and b = 0. Activation: 0 none, 1 relu, 2 relu6.
 */
import { closeRow, openGap } from './gaps';
import { Join } from './gen/ops';
import { madd, shareStart } from './lanes';
import { scaleOf, shiftOf } from './norm';

/** Clamp of an activation: nothing below `low`, nothing above `high`. */
// @ts-ignore: decorator
@inline
function activate(v: v128, low: v128, high: v128): v128 {
  // pmax and pmin keep a NaN in the first operand, so a diverged network does not look healthy.
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

function joinRow1(z: usize, x: usize, bytes: usize, a: v128, b: v128, low: v128, high: v128): void {
  const end = z + bytes;
  while (z + 32 <= end) {
    const u = madd(b, a, v128.load(x, 0));
    const v = madd(b, a, v128.load(x, 16));
    v128.store(z, activate(u, low, high), 0);
    v128.store(z, activate(v, low, high), 16);
    z += 32;
    x += 32;
  }
  if (z < end) v128.store(z, activate(madd(b, a, v128.load(x)), low, high));
}

function joinRow2(
  z: usize, x: usize, y: usize, bytes: usize, a: v128, c: v128, b: v128, low: v128, high: v128,
): void {
  const end = z + bytes;
  while (z + 32 <= end) {
    const u = madd(madd(b, a, v128.load(x, 0)), c, v128.load(y, 0));
    const v = madd(madd(b, a, v128.load(x, 16)), c, v128.load(y, 16));
    v128.store(z, activate(u, low, high), 0);
    v128.store(z, activate(v, low, high), 16);
    z += 32;
    x += 32;
    y += 32;
  }
  if (z < end) v128.store(z, activate(madd(madd(b, a, v128.load(x)), c, v128.load(y)), low, high));
}

/** Forward pass of a join. A deferred one is run by the op behind it, in that op's stripes, unless threads share it. */
export function join(op: usize, thread: i32, threads: i32): void {
  if (threads == 1 && load<i32>(op, Join.deferred)) return;
  joinRows(op, 0, load<usize>(op, Join.height), thread, threads);
}

/** Rows `from` to `to` of every channel of a join. */
export function joinRows(op: usize, from: usize, to: usize, thread: i32, threads: i32): void {
  const z = load<usize>(op, Join.z);
  const x0 = load<usize>(op, Join.x0);
  const norm0 = load<usize>(op, Join.norm0);
  const x1 = load<usize>(op, Join.x1);
  const norm1 = load<usize>(op, Join.norm1);
  const kind = load<i32>(op, Join.activation);
  const channels = load<usize>(op, Join.channels);
  const height = load<usize>(op, Join.height);
  const bytes = load<usize>(op, Join.width) * load<usize>(op, Join.posBytes);
  const zRow = load<usize>(op, Join.zRow);
  const zPlane = load<usize>(op, Join.zPlane);
  const x0Row = load<usize>(op, Join.x0Row);
  const x0Plane = load<usize>(op, Join.x0Plane);
  const x1Row = load<usize>(op, Join.x1Row);
  const x1Plane = load<usize>(op, Join.x1Plane);
  const gapY = load<usize>(op, Join.zGapY);
  const gapX = load<usize>(op, Join.zGapX) * load<usize>(op, Join.posBytes);
  const low = f32x4.splat(kind == 0 ? -Infinity : 0);
  const high = f32x4.splat(kind == 2 ? 6 : Infinity);
  if (thread == 0 && from == 0) openGap(z, zRow, gapX, gapY);
  const last = <usize>shareStart(<i32>channels, thread + 1, threads);
  for (let c = <usize>shareStart(<i32>channels, thread, threads); c < last; c++) {
    const a0 = f32x4.splat(scaleOf(norm0, channels, c));
    const a1 = f32x4.splat(scaleOf(norm1, channels, c));
    const b = f32x4.splat(shiftOf(norm0, channels, c) + (x1 ? shiftOf(norm1, channels, c) : 0));
    // The border below a channel is the one above the next, which the first stripe's reader needs before the last row.
    if (from == 0 && to < height) closeRow(z + c * zPlane + (height - 1) * zRow, bytes, zRow, gapX, gapY, true);
    for (let h = from; h < to; h++) {
      const pz = z + c * zPlane + h * zRow;
      const p0 = x0 + c * x0Plane + h * x0Row;
      if (x1) joinRow2(pz, p0, x1 + c * x1Plane + h * x1Row, bytes, a0, a1, b, low, high);
      else joinRow1(pz, p0, bytes, a0, b, low, high);
      closeRow(pz, bytes, zRow, gapX, gapY, h + 1 == height);
    }
  }
}
