import { EspalierError, type Job, type ModelGraph } from '@espalier/core';
import { clientNeeds, methodNamed } from '@espalier/core/methods';
import { leastTrainingBytes } from '@espalier/core/round';
import type { Device } from './device.js';

/**
 * Refuses a fleet that cannot do what its method asks: by the textbook account, a training step of one image under the
 * densest mask of the run, or under the smallest share of it that the job lets a device train, and a dense gradient of every
 * layer where the method wants one.
 * @throws EspalierError `memory_budget` naming the method, the smallest device and both figures.
 */
export function checkMemory(graph: ModelGraph, job: Job, devices: readonly Device[]): void {
  const smallest = devices.reduce((least, device) =>
    device.memoryBytes < least.memoryBytes ? device : least,
  );
  const least = job.heterogeneous?.shares.at(-1) ?? 1;
  const needed = leastTrainingBytes(graph, job, least);
  if (needed <= smallest.memoryBytes) return;
  const short = devices.filter(({ memoryBytes }) => memoryBytes < needed).length;
  throw new EspalierError(
    'memory_budget',
    `method ${job.method} needs ${megabytes(needed)} on every device, ${whatFor(job)}; ${short} of ${devices.length} have less, the smallest (${smallest.kind}) ${megabytes(smallest.memoryBytes)}: choose another method, a lower density or larger devices`,
    { needed, smallest: smallest.memoryBytes },
  );
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
