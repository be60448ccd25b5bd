import type { KernelConfig } from '@tensorflow/tfjs-core';
import { RELU_GRADIENT } from '../ops/relu-gradient.js';
import { SUM_ROWS } from '../ops/sum-rows.js';
import { allocate, heapOf, inputOf, viewOf, type KernelCall } from './heap-backend.js';
import { columnSums } from './impl/batch-norm.js';

/** Gradient of relu and relu6 in one pass. */
export const reluGradientKernel: KernelConfig = {
  kernelName: RELU_GRADIENT,
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const output = allocate(backend, inputOf(call, 'y').shape);
    const dy = viewOf(backend, inputOf(call, 'dy'));
    const y = viewOf(backend, inputOf(call, 'y'));
    const dx = viewOf(backend, output);
    const ceiling = call.attrs?.['ceiling'] as number;
    for (let i = 0; i < dx.length; i++) dx[i] = y[i]! > 0 && y[i]! < ceiling ? dy[i]! : 0;
    return output;
  },
};

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
