/** Loss and optimisers. */
import { Adam, Loss, Sgd } from './gen/ops';
import { madd, shareStart } from './lanes';

/**
 * Softmax cross-entropy. `result` gets f64 sum of losses and f64 correct count, both added; the gradient, where
 * asked for, is scaled by `scale` (one over the batch's size). Ties in the prediction go to the lower class.
 * The elementary functions are AssemblyScript's own, so every host gets the same bits.
 */
export function loss(op: usize, thread: i32): void {
  if (thread != 0) return;
  const logits = load<usize>(op, Loss.logits);
  const dlogits = load<usize>(op, Loss.dlogits);
  const labels = load<usize>(op, Loss.labels);
  const result = load<usize>(op, Loss.result);
  const classes = load<usize>(op, Loss.classes);
  const lanes = load<usize>(op, Loss.lanes);
  const padded = load<usize>(op, Loss.posBytes) >> 2;
  const plane = load<usize>(op, Loss.logitsPlane);
  const dPlane = load<usize>(op, Loss.dlogitsPlane);
  const scale = <f64>load<f32>(op, Loss.scale);
  let total: f64 = 0;
  let correct: f64 = 0;
  for (let n: usize = 0; n < lanes; n++) {
    const at = logits + 4 * n;
    const label = <usize>load<u32>(labels + 4 * n);
    let best: usize = 0;
    for (let c: usize = 1; c < classes; c++) {
      if (load<f32>(at + c * plane) > load<f32>(at + best * plane)) best = c;
    }
    const top = <f64>load<f32>(at + best * plane);
    let sum: f64 = 0;
    for (let c: usize = 0; c < classes; c++) sum += NativeMath.exp(<f64>load<f32>(at + c * plane) - top);
    total += NativeMath.log(sum) + top - <f64>load<f32>(at + label * plane);
    if (best == label) correct += 1;
    if (!dlogits) continue;
    for (let c: usize = 0; c < classes; c++) {
      const p = NativeMath.exp(<f64>load<f32>(at + c * plane) - top) / sum;
      store<f32>(dlogits + c * dPlane + 4 * n, <f32>((p - (c == label ? 1.0 : 0.0)) * scale));
    }
  }
  if (dlogits) {
    for (let c: usize = 0; c < classes; c++) {
      for (let n = lanes; n < padded; n++) store<f32>(dlogits + c * dPlane + 4 * n, 0);
    }
  }
  store<f64>(result, load<f64>(result, 0) + total, 0);
  store<f64>(result, load<f64>(result, 8) + correct, 8);
}

/**
 * `hyper` holds f32: learning rate, momentum, weight decay, proximal. The gradient gets decay·w and proximal·(w − w₀);
 * v ← momentum·v + g; w ← w − rate·v.
 */
export function sgd(op: usize, thread: i32, threads: i32): void {
  const values = load<usize>(op, Sgd.values);
  const toGrad = load<usize>(op, Sgd.grads) - values;
  const toVelocity = load<usize>(op, Sgd.velocity) - values;
  const origin = load<usize>(op, Sgd.origin);
  const toOrigin = (origin ? origin : values) - values;
  const count = load<i32>(op, Sgd.count);
  const hyper = load<usize>(op, Sgd.hyper);
  const rate = f32x4.neg(v128.load_splat<f32>(hyper, 0));
  const momentum = v128.load_splat<f32>(hyper, 4);
  const decay = v128.load_splat<f32>(hyper, 8);
  const proximal = v128.load_splat<f32>(hyper, 12);
  const fours = (count + 3) >> 2;
  const end = values + 16 * <usize>shareStart(fours, thread + 1, threads);
  for (let p = values + 16 * <usize>shareStart(fours, thread, threads); p < end; p += 16) {
    const w = v128.load(p);
    let g = madd(v128.load(p + toGrad), decay, w);
    if (origin) g = madd(g, proximal, f32x4.sub(w, v128.load(p + toOrigin)));
    const v = madd(g, momentum, v128.load(p + toVelocity));
    v128.store(p + toVelocity, v);
    v128.store(p, madd(w, rate, v));
  }
}

/**
 * Kingma & Ba 2015, algorithm 1, with L2 decay in the gradient. `hyper` holds f32: learning rate, β₁, β₂, ε, weight
 * decay, proximal, 1 − β₁ᵗ, 1 − β₂ᵗ.
 */
export function adam(op: usize, thread: i32, threads: i32): void {
  const values = load<usize>(op, Adam.values);
  const toGrad = load<usize>(op, Adam.grads) - values;
  const toFirst = load<usize>(op, Adam.first) - values;
  const toSecond = load<usize>(op, Adam.second) - values;
  const origin = load<usize>(op, Adam.origin);
  const toOrigin = (origin ? origin : values) - values;
  const count = load<i32>(op, Adam.count);
  const hyper = load<usize>(op, Adam.hyper);
  const rate = v128.load_splat<f32>(hyper, 0);
  const beta1 = v128.load_splat<f32>(hyper, 4);
  const beta2 = v128.load_splat<f32>(hyper, 8);
  const epsilon = v128.load_splat<f32>(hyper, 12);
  const decay = v128.load_splat<f32>(hyper, 16);
  const proximal = v128.load_splat<f32>(hyper, 20);
  const correct1 = v128.load_splat<f32>(hyper, 24);
  const correct2 = v128.load_splat<f32>(hyper, 28);
  const one = f32x4.splat(1);
  const fours = (count + 3) >> 2;
  const end = values + 16 * <usize>shareStart(fours, thread + 1, threads);
  for (let p = values + 16 * <usize>shareStart(fours, thread, threads); p < end; p += 16) {
    const w = v128.load(p);
    let g = madd(v128.load(p + toGrad), decay, w);
    if (origin) g = madd(g, proximal, f32x4.sub(w, v128.load(p + toOrigin)));
    const m = madd(f32x4.mul(beta1, v128.load(p + toFirst)), f32x4.sub(one, beta1), g);
    const v = madd(f32x4.mul(beta2, v128.load(p + toSecond)), f32x4.sub(one, beta2), f32x4.mul(g, g));
    v128.store(p + toFirst, m);
    v128.store(p + toSecond, v);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(v, correct2)), epsilon);
    v128.store(p, f32x4.sub(w, f32x4.div(f32x4.mul(rate, f32x4.div(m, correct1)), root)));
  }
}
