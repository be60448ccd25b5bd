import type { KernelConfig } from '@tensorflow/tfjs-core';
import { allocate, heapOf, inputOf, viewOf, type KernelCall } from './heap-backend.js';
import { depthwiseFilterGradient, depthwiseInputGradient } from './impl/depthwise-gradient.js';
import { windowOf } from './window.js';

/** `DepthwiseConv2dNativeBackpropInput`, which the wasm backend lacks. */
export const depthwiseInputGradientKernel: KernelConfig = {
  kernelName: 'DepthwiseConv2dNativeBackpropInput',
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const dy = inputOf(call, 'dy');
    const filter = inputOf(call, 'filter');
    const inputShape = call.attrs?.['inputShape'] as number[];
    const output = allocate(backend, inputShape);
    const dx = viewOf(backend, output).fill(0);
    const window = windowOf(call, inputShape, filter.shape, true);
    depthwiseInputGradient(viewOf(backend, dy), viewOf(backend, filter), dx, window);
    return output;
  },
};

/** `DepthwiseConv2dNativeBackpropFilter`, which the wasm backend lacks. */
export const depthwiseFilterGradientKernel: KernelConfig = {
  kernelName: 'DepthwiseConv2dNativeBackpropFilter',
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const x = inputOf(call, 'x');
    const dy = inputOf(call, 'dy');
    const filterShape = call.attrs?.['filterShape'] as number[];
    const output = allocate(backend, filterShape);
    const window = windowOf(call, x.shape, filterShape, true);
    depthwiseFilterGradient(viewOf(backend, x), viewOf(backend, dy), viewOf(backend, output), window);
    return output;
  },
};
