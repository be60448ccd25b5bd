/** Gradients of single active weights: dot products of a channel's output gradient with the input under their taps. */
import { laneSum, madd } from './lanes';

/** Gradients of four active weights of one output channel at once: the output gradient is read once for all. */
export function dot4(
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
export function dot2(
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
export function dot1(
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
