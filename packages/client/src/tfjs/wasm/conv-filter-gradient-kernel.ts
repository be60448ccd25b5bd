import type { KernelConfig, TensorInfo } from '@tensorflow/tfjs-core';
import {
  allocate,
  callKernel,
  heapOf,
  inputOf,
  viewOf,
  type HeapBackend,
  type KernelCall,
} from './heap-backend.js';
import { gatherTap } from './impl/gather-tap.js';
import { windowOf, type Window } from './window.js';

/** Rows of the left matrix below which taps share one product: the library multiplies thin matrices slowly. */
const ROWS_WANTED = 64;

/**
 * `Conv2DBackpropFilter`, which the wasm backend lacks. For each kernel tap the pixels it sees, `[channels, positions]`,
 * times `dy` as `[positions, filters]`: plain matrix products, for which the library packs `dy` once.
 */
export const convFilterGradientKernel: KernelConfig = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const x = inputOf(call, 'x');
    const dy = inputOf(call, 'dy');
    const filterShape = call.attrs?.['filterShape'] as [number, number, number, number];
    const window = windowOf(call, x.shape, filterShape);
    const output = allocate(backend, filterShape);
    const taps = tapsOf(window);
    const perProduct = Math.max(1, Math.floor(ROWS_WANTED / window.channels));
    for (let first = 0; first < taps.length; first += perProduct) {
      const product = multiplyTaps(backend, { x, dy }, window, taps.slice(first, first + perProduct));
      viewOf(backend, output).set(viewOf(backend, product), first * window.channels * window.filters);
      backend.disposeData(product.dataId);
    }
    return output;
  },
};

type Tap = readonly [number, number];

function tapsOf({ kernelHeight, kernelWidth }: Window): readonly Tap[] {
  return Array.from({ length: kernelHeight * kernelWidth }, (_, i) => [
    Math.floor(i / kernelWidth),
    i % kernelWidth,
  ]);
}

function multiplyTaps(
  backend: HeapBackend,
  { x, dy }: { readonly x: TensorInfo; readonly dy: TensorInfo },
  window: Window,
  taps: readonly Tap[],
): TensorInfo {
  const { batch, outHeight, outWidth, channels, filters } = window;
  const positions = batch * outHeight * outWidth;
  const seen = allocate(backend, [taps.length * channels, positions]);
  const values = viewOf(backend, x);
  const target = viewOf(backend, seen);
  for (const [i, tap] of taps.entries()) {
    gatherTap(values, target.subarray(i * channels * positions, (i + 1) * channels * positions), window, tap);
  }
  const right = { ...dy, shape: [positions, filters] };
  const product = callKernel(
    backend,
    'BatchMatMul',
    { a: seen, b: right },
    { transposeA: false, transposeB: false },
  );
  backend.disposeData(seen.dataId);
  return product;
}
