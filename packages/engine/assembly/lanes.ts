/** Small helpers over four-lane vectors. Every value is float32; `posBytes` is the bytes of one position: lanes × 4. */

/** Sum of the four lanes, in a fixed order. */
// @ts-ignore: decorator
@inline
export function laneSum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** The four lane sums of four vectors, as one vector. */
// @ts-ignore: decorator
@inline
export function laneSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 2, 4, 6), v128.shuffle<f32>(a, b, 1, 3, 5, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 2, 4, 6), v128.shuffle<f32>(c, d, 1, 3, 5, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7));
}

/** All ones in the real lanes of a position's last vector: lanes beyond the batch are padding. */
// @ts-ignore: decorator
@inline
export function tailMask(lanes: i32, posBytes: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(lanes - (posBytes >> 2) + 4));
}

/** `x + y·z` in two roundings, the same on every machine. */
// @ts-ignore: decorator
@inline
export function madd(x: v128, y: v128, z: v128): v128 {
  return f32x4.add(x, f32x4.mul(y, z));
}

/** First item of this thread's share of `count` items. */
// @ts-ignore: decorator
@inline
export function shareStart(count: i32, thread: i32, threads: i32): i32 {
  return <i32>(((<u64>count) * (<u64>thread)) / (<u64>threads));
}
