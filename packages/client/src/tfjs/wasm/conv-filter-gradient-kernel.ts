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
import { transpose } from './impl/rotate-filter.js';
import { isShift, shiftTap } from './impl/shift-tap.js';
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
    const planes = isShift(window) ? channelPlanes(backend, x, window.channels) : null;
    const taps = tapsOf(window);
    const perProduct = Math.max(1, Math.floor(ROWS_WANTED / window.channels));
    for (let first = 0; first < taps.length; first += perProduct) {
      const group = taps.slice(first, first + perProduct);
      const product = multiplyTaps(backend, { x, planes, dy }, window, group);
      viewOf(backend, output).set(viewOf(backend, product), first * window.channels * window.filters);
      backend.disposeData(product.dataId);
    }
    if (planes !== null) backend.disposeData(planes.dataId);
    return output;
  },
};

type Tap = readonly [number, number];

interface Operands {
  readonly x: TensorInfo;
  /** `x` channel by channel, where taps only shift it. */
  readonly planes: TensorInfo | null;
  readonly dy: TensorInfo;
}

function tapsOf({ kernelHeight, kernelWidth }: Window): readonly Tap[] {
  return Array.from({ length: kernelHeight * kernelWidth }, (_, i) => [
    Math.floor(i / kernelWidth),
    i % kernelWidth,
  ]);
}

/** `[positions, channels]` as `[channels, positions]`. */
function channelPlanes(backend: HeapBackend, x: TensorInfo, channels: number): TensorInfo {
  const positions = x.shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const planes = allocate(backend, [channels, positions]);
  transpose(viewOf(backend, x), viewOf(backend, planes), positions, channels);
  return planes;
}

function multiplyTaps(
  backend: HeapBackend,
  { x, planes, dy }: Operands,
  window: Window,
  taps: readonly Tap[],
): TensorInfo {
  const { batch, outHeight, outWidth, channels, filters } = window;
  const positions = batch * outHeight * outWidth;
  const size = channels * positions;
  const seen = allocate(backend, [taps.length * channels, positions]);
  const source = viewOf(backend, planes ?? x);
  const target = viewOf(backend, seen);
  const gather = planes === null ? gatherTap : shiftTap;
  for (const [i, tap] of taps.entries())
    gather(source, target.subarray(i * size, (i + 1) * size), window, tap);
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
