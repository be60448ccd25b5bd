import type { KernelConfig } from '@tensorflow/tfjs-core';
import { BATCH_NORM_GRADIENT, BATCH_NORM_TRAINING } from '../ops/batch-norm.js';
import { allocate, heapOf, inputOf, viewOf, type KernelCall } from './heap-backend.js';
import { batchNormGradient, batchNormTraining } from './impl/batch-norm.js';

/** Batch norm in training; composed of tfjs ops it would take eleven passes over the activations. */
export const batchNormTrainingKernel: KernelConfig = {
  kernelName: BATCH_NORM_TRAINING,
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const x = inputOf(call, 'x');
    const channels = x.shape.slice(-1);
    const outputs = [
      allocate(backend, x.shape),
      allocate(backend, channels),
      allocate(backend, channels),
    ] as const;
    const view = (name: string): Float32Array => viewOf(backend, inputOf(call, name));
    const [y, mean, variance] = outputs;
    batchNormTraining(
      {
        x: view('x'),
        gamma: view('gamma'),
        beta: view('beta'),
        y: viewOf(backend, y),
        mean: viewOf(backend, mean),
        variance: viewOf(backend, variance),
      },
      call.attrs?.['epsilon'] as number,
    );
    return [...outputs];
  },
};

/** Its gradient. */
export const batchNormGradientKernel: KernelConfig = {
  kernelName: BATCH_NORM_GRADIENT,
  backendName: 'wasm',
  kernelFunc: (call: KernelCall) => {
    const backend = heapOf(call);
    const x = inputOf(call, 'x');
    const channels = x.shape.slice(-1);
    const outputs = [
      allocate(backend, x.shape),
      allocate(backend, channels),
      allocate(backend, channels),
    ] as const;
    const view = (name: string): Float32Array => viewOf(backend, inputOf(call, name));
    const [dx, dgamma, dbeta] = outputs;
    batchNormGradient(
      {
        dy: view('dy'),
        x: view('x'),
        mean: view('mean'),
        variance: view('variance'),
        gamma: view('gamma'),
        dx: viewOf(backend, dx),
        dgamma: viewOf(backend, dgamma),
        dbeta: viewOf(backend, dbeta),
      },
      call.attrs?.['epsilon'] as number,
    );
    return [...outputs];
  },
};
