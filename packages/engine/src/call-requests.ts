import { EspalierError } from '@espalier/core';
import type { CallRequest } from './call.js';

/** A forward pass over batches of these sizes. */
export function forward(sizes: readonly number[]): CallRequest {
  return { kind: 'infer', batchSizes: sizes, gradients: null, optimizer: 'none', proximal: false };
}

/** Gradients of one batch, those of the named kernels whole. */
export function learning(batchSize: number, kernels: readonly string[]): CallRequest {
  const gradients = { batchSize, kernels };
  return { kind: 'learn', batchSizes: [batchSize], gradients, optimizer: 'none', proximal: false };
}

/** Batch sizes of one pass over that number of samples. */
export function batchSizes(samples: number, batchSize: number): readonly number[] {
  const rest = samples % batchSize;
  return [...(samples >= batchSize ? [batchSize] : []), ...(rest > 0 ? [rest] : [])];
}

/** @throws EspalierError `memory_budget` where the smallest plan needs more bytes than the budget. */
export function refuseAbove(budget: number, needed: number): void {
  if (needed <= budget) return;
  throw new EspalierError(
    'memory_budget',
    `the smallest plan needs ${needed} bytes; the budget is ${budget}`,
    { needed, budget },
  );
}
