import { registerKernel, type KernelConfig } from '@tensorflow/tfjs-core';
import { kernelOf } from '../tensors.js';
import { batchNormGradientKernel, batchNormTrainingKernel } from './batch-norm-kernels.js';
import { convFilterGradientKernel } from './conv-filter-gradient-kernel.js';
import { convInputGradientKernel } from './conv-input-gradient-kernel.js';
import { depthwiseFilterGradientKernel, depthwiseInputGradientKernel } from './depthwise-gradient-kernels.js';
import { maxPoolGradientKernel } from './max-pool-gradient-kernel.js';
import { sumRowsKernel } from './sum-rows-kernel.js';

/** Every kernel we add to tfjs's wasm backend. */
export const wasmKernels: readonly KernelConfig[] = [
  convFilterGradientKernel,
  convInputGradientKernel,
  depthwiseFilterGradientKernel,
  depthwiseInputGradientKernel,
  maxPoolGradientKernel,
  batchNormTrainingKernel,
  batchNormGradientKernel,
  sumRowsKernel,
];

/** Adds what training needs and the wasm backend lacks; kernels that are there already are left alone. */
export function registerWasmKernels(): void {
  for (const kernel of wasmKernels) {
    if (kernelOf(kernel.kernelName, kernel.backendName) === undefined) registerKernel(kernel);
  }
}
