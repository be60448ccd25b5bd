import type { KernelConfig } from '@tensorflow/tfjs-core';
import { MAX_POOL_GRADIENT } from '../ops/pool.js';
import { allocate, heapOf, inputOf, viewOf, type KernelCall } from './heap-backend.js';
import { maxPoolGradient } from './impl/max-pool-gradient.js';
import { poolWindowOf } from './window.js';

/** The wasm backend has a `MaxPoolGrad`, but it sends gradients to wrong pixels (tfjs 4.22). */
export const maxPoolGradientKernel: KernelConfig = {
  kernelName: MAX_POOL_GRADIENT,
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const dy = inputOf(call, 'dy');
    const input = inputOf(call, 'input');
    const window = poolWindowOf(call, input.shape);
    const output = allocate(backend, input.shape);
    const dx = viewOf(backend, output).fill(0);
    maxPoolGradient(viewOf(backend, input), viewOf(backend, dy), dx, window);
    return output;
  },
};
