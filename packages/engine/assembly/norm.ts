/**
 * Batch norms as affine forms `a·x + b`. A norm's block holds, for C channels: mean f64[C], variance f64[C],
 * mean f32[C], 1/σ f32[C], a f32[C], b f32[C].
 */
import { NormBatch, NormRunning } from './gen/ops';
import { shareStart } from './lanes';

/** Mean and variance of the batch from its sums (Ioffe & Szegedy 2015, algorithm 1), and the affine form. */
export function normBatch(op: usize, thread: i32, threads: i32): void {
  const channels = load<usize>(op, NormBatch.channels);
  const stats = load<usize>(op, NormBatch.stats);
  const norm = load<usize>(op, NormBatch.norm);
  const count = <f64>load<i32>(op, NormBatch.count);
  const last = <usize>shareStart(<i32>channels, thread + 1, threads);
  for (let c = <usize>shareStart(<i32>channels, thread, threads); c < last; c++) {
    const shift = load<f64>(stats + 24 * c, 0);
    const s = load<f64>(stats + 24 * c, 8) / count;
    const variance = max<f64>(0, load<f64>(stats + 24 * c, 16) / count - s * s);
    store<f64>(norm + 8 * c, shift + s);
    store<f64>(norm + 8 * (channels + c), variance);
    setAffine(norm, channels, c, <f32>(shift + s), variance, op, NormBatch.gamma, NormBatch.beta, NormBatch.epsilon);
  }
}

/** The affine form of the running statistics: `running` is mean f32[C], variance f32[C]. */
export function normRunning(op: usize, thread: i32, threads: i32): void {
  const channels = load<usize>(op, NormRunning.channels);
  const norm = load<usize>(op, NormRunning.norm);
  const running = load<usize>(op, NormRunning.running);
  const last = <usize>shareStart(<i32>channels, thread + 1, threads);
  for (let c = <usize>shareStart(<i32>channels, thread, threads); c < last; c++) {
    const mean = load<f32>(running + 4 * c);
    const variance = <f64>load<f32>(running + 4 * (channels + c));
    setAffine(norm, channels, c, mean, variance, op, NormRunning.gamma, NormRunning.beta, NormRunning.epsilon);
  }
}

// @ts-ignore: decorator
@inline
function setAffine(
  norm: usize, channels: usize, c: usize, mean: f32, variance: f64, op: usize, gamma: usize, beta: usize,
  epsilon: usize,
): void {
  const inverse = <f32>(1.0 / sqrt<f64>(variance + <f64>load<f32>(op + epsilon)));
  const scale = load<f32>(load<usize>(op + gamma) + 4 * c) * inverse;
  const at = norm + 16 * channels + 4 * c;
  store<f32>(at, mean);
  store<f32>(at + 4 * channels, inverse);
  store<f32>(at + 8 * channels, scale);
  store<f32>(at + 12 * channels, load<f32>(load<usize>(op + beta) + 4 * c) - mean * scale);
}

/** A channel's a; 1 without a norm. */
// @ts-ignore: decorator
@inline
export function scaleOf(norm: usize, channels: usize, c: usize): f32 {
  return norm ? load<f32>(norm + 24 * channels + 4 * c) : 1;
}

/** A channel's b; 0 without a norm. */
// @ts-ignore: decorator
@inline
export function shiftOf(norm: usize, channels: usize, c: usize): f32 {
  return norm ? load<f32>(norm + 28 * channels + 4 * c) : 0;
}
