import type { KernelConfig } from '@tensorflow/tfjs-core';
import { SUM_ROWS } from '../ops/sum-rows.js';
import { allocate, heapOf, inputOf, viewOf, type KernelCall } from './heap-backend.js';
import { columnSums } from './impl/column-sums.js';

/** Column sums; the library would transpose the whole tensor first. */
export const sumRowsKernel: KernelConfig = {
  kernelName: SUM_ROWS,
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const x = inputOf(call, 'x');
    const channels = x.shape.at(-1) ?? 1;
    const output = allocate(backend, [channels]);
    viewOf(backend, output).set(columnSums(viewOf(backend, x), channels));
    return output;
  },
};
