import {
  clientNeeds,
  EspalierError,
  keptCount,
  Mask,
  maskableSpecs,
  methodNamed,
  trainingBytes,
  type Job,
  type ModelGraph,
} from '@espalier/core';
import type { Device } from './device.js';

/**
 * Refuses a fleet that cannot do what its method asks: by the textbook account, a training step of one image under the
 * densest mask of the run, and a dense gradient of every layer where the method wants one.
 * @throws EspalierError `memory_budget` naming the method, the smallest device and both figures.
 */
export function checkMemory(graph: ModelGraph, job: Job, devices: readonly Device[]): void {
  const smallest = devices.reduce((least, device) =>
    device.memoryBytes < least.memoryBytes ? device : least,
  );
  const needed = bytesNeeded(graph, job);
  if (needed <= smallest.memoryBytes) return;
  const short = devices.filter(({ memoryBytes }) => memoryBytes < needed).length;
  throw new EspalierError(
    'memory_budget',
    `method ${job.method} needs ${megabytes(needed)} on every device, ${whatFor(job)}; ${short} of ${devices.length} have less, the smallest (${smallest.kind}) ${megabytes(smallest.memoryBytes)}: choose another method, a lower density or larger devices`,
    { needed, smallest: smallest.memoryBytes },
  );
}

function bytesNeeded(graph: ModelGraph, job: Job): number {
  const optimizerSlots = job.optimizer.kind === 'adam' ? 2 : job.optimizer.momentum > 0 ? 1 : 0;
  const layers = maskableSpecs(graph);
  const begins = methodNamed(job.method).initialMask === 'dense' ? 1 : job.targetDensity;
  const mask =
    begins === 1
      ? null
      : new Mask(
          layers.map(({ name, size }) => ({
            name,
            size,
            active: Uint32Array.from({ length: keptCount(begins, size) }, (_, i) => i),
          })),
        );
  const step = trainingBytes(graph, mask, { batchSize: 1, optimizerSlots }).total;
  const gradients = clientNeeds(job).has('denseGradients')
    ? layers.reduce((sum, { size }) => sum + 4 * size, 0)
    : 0;
  return step + gradients;
}

function whatFor(job: Job): string {
  if (clientNeeds(job).has('denseGradients')) return 'for the dense gradients it asks for';
  return methodNamed(job.method).initialMask === 'dense'
    ? 'for it begins with every weight'
    : `at density ${job.targetDensity}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
