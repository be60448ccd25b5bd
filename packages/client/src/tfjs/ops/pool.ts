import type { ExplicitPadding, Size2 } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../tensors.js';
import { tfPadding } from './padding.js';

/** Geometry of a pooling: its windows over the input. */
export interface PoolGeometry {
  readonly inputShape: readonly [number, number, number];
  readonly window: Size2;
  readonly strides: Size2;
  readonly padding: ExplicitPadding;
}

/** Kernel name: as `MaxPoolGrad`, for backends whose own is wrong. */
export const MAX_POOL_GRADIENT = 'EspalierMaxPoolGradient';

/** Largest real pixel per window. */
export function maxPoolForward(x: tf.Tensor, geometry: PoolGeometry): tf.Tensor {
  if (isPointwise(geometry)) return subsample(x, geometry.strides);
  return tf.maxPool(asImages(x), pair(geometry.window), pair(geometry.strides), tfPadding(geometry.padding));
}

/** Gradient of {@link maxPoolForward}. */
export function maxPoolGradient(
  dy: tf.Tensor,
  { input, output }: { readonly input: tf.Tensor; readonly output: tf.Tensor },
  geometry: PoolGeometry,
): tf.Tensor {
  const kernel = hasKernel(MAX_POOL_GRADIENT) ? MAX_POOL_GRADIENT : 'MaxPoolGrad';
  return runKernel(kernel, { dy, input, output }, attributes(geometry));
}

/** Mean of the real pixels per window. */
export function avgPoolForward(x: tf.Tensor, geometry: PoolGeometry): tf.Tensor {
  if (isPointwise(geometry)) return subsample(x, geometry.strides);
  return tf.avgPool(asImages(x), pair(geometry.window), pair(geometry.strides), tfPadding(geometry.padding));
}

/** Gradient of {@link avgPoolForward}. */
export function avgPoolGradient(dy: tf.Tensor, geometry: PoolGeometry): tf.Tensor {
  const { inputShape, window } = geometry;
  const input = tf.zeros([dy.shape[0], ...inputShape]);
  // tfjs divides by the whole window here, its forward pass by the real pixels; the factor corrects that.
  const mend = tf.tensor(correction(geometry, dy.shape[1]!, dy.shape[2]!), [
    1,
    dy.shape[1]!,
    dy.shape[2]!,
    1,
  ]);
  const scaled = hasPadding(geometry.padding) ? tf.mul(dy, mend) : dy;
  return runKernel(
    'AvgPoolGrad',
    { dy: scaled, input },
    { ...attributes(geometry), filterSize: pair(window) },
  );
}

/** `window size ÷ real pixels` per output pixel. */
function correction(
  { inputShape, window, strides, padding }: PoolGeometry,
  rows: number,
  columns: number,
): Float32Array {
  const factors = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const tall = realExtent(y * strides[0] - padding.top, window[0], inputShape[0]);
    for (let x = 0; x < columns; x++) {
      const wide = realExtent(x * strides[1] - padding.left, window[1], inputShape[1]);
      factors[y * columns + x] = (window[0] * window[1]) / (tall * wide);
    }
  }
  return factors;
}

function realExtent(start: number, window: number, extent: number): number {
  return Math.min(start + window, extent) - Math.max(start, 0);
}

function attributes({ window, strides, padding }: PoolGeometry): tf.NamedAttrMap {
  return { filterSize: pair(window), strides: pair(strides), pad: tfPadding(padding) };
}

/** The wasm library refuses windows of one pixel. */
function isPointwise({ window, padding }: PoolGeometry): boolean {
  return window[0] === 1 && window[1] === 1 && !hasPadding(padding);
}

function subsample(x: tf.Tensor, [down, across]: Size2): tf.Tensor {
  return tf.stridedSlice(x, [0, 0, 0, 0], [...x.shape], [1, down, across, 1]);
}

function hasPadding({ top, bottom, left, right }: ExplicitPadding): boolean {
  return top + bottom + left + right > 0;
}

function pair([a, b]: Size2): [number, number] {
  return [a, b];
}

function asImages(x: tf.Tensor): tf.Tensor4D {
  return x as tf.Tensor4D;
}
