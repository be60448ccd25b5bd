import { trainMacs } from '../budget/macs.js';
import { trainingBytes } from '../budget/memory.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { Job } from '../job/job.js';
import { Mask } from '../mask/mask.js';
import { keptCount } from '../mask/top-k.js';
import type { DeviceProfile } from '../budget/device-profile.js';
import { clientNeeds } from '../methods/client-needs.js';
import { methodNamed } from '../methods/registry.js';

/** A client's device and data, as they matter in a round. */
export interface Participant {
  readonly profile: Pick<DeviceProfile, 'memoryBytes' | 'macsPerSecond'>;
  /** Training samples. */
  readonly samples: number;
}

/**
 * Share of the mask's active weights that a device is given: the largest of the job's shares whose training
 * step fits its memory ({@link leastTrainingBytes}) and whose round it computes in time at its own speed; the
 * smallest if none fits. A figure that a device does not know imposes no limit. 1 if the job gives every
 * client the whole mask.
 */
export function carriedShare(graph: ModelGraph, job: Job, { profile, samples }: Participant): number {
  if (job.heterogeneous === null) return 1;
  const { shares, roundSeconds } = job.heterogeneous;
  const seconds = roundSeconds ?? job.roundTimeout;
  const { memoryBytes, macsPerSecond } = profile;
  const carries = (share: number): boolean => {
    const macs = samples * job.localEpochs * trainMacs(graph, densestMask(graph, job, share)).total;
    return (
      (memoryBytes === 0 || leastTrainingBytes(graph, job, share) <= memoryBytes) &&
      (macsPerSecond === 0 || macs <= seconds * macsPerSecond)
    );
  };
  return shares.find(carries) ?? shares.at(-1) ?? 1;
}

/**
 * Bytes that a method's training needs at least on a device, by the textbook account: a step of one image
 * under that share of the densest mask of the run, and a dense gradient of every layer if the method needs
 * one.
 */
export function leastTrainingBytes(graph: ModelGraph, job: Job, share = 1): number {
  const optimizerSlots = job.optimizer.kind === 'adam' ? 2 : job.optimizer.momentum > 0 ? 1 : 0;
  const mask = densestMask(graph, job, share);
  const step = trainingBytes(graph, mask, { batchSize: 1, optimizerSlots }).total;
  const gradients = clientNeeds(job).has('denseGradients')
    ? maskableSpecs(graph).reduce((sum, { size }) => sum + 4 * size, 0)
    : 0;
  return step + gradients;
}

/** A stand-in with as many active weights; null for all. */
function densestMask(graph: ModelGraph, job: Job, share: number): Mask | null {
  const begins = methodNamed(job.method).initialMask === 'dense' ? 1 : job.targetDensity;
  const density = begins * share;
  if (density === 1) return null;
  const layers = maskableSpecs(graph).map(({ name, size }) => ({
    name,
    size,
    active: firstIndices(keptCount(density, size)),
  }));
  return new Mask(layers);
}

function firstIndices(count: number): Uint32Array {
  const indices = new Uint32Array(count);
  for (let i = 0; i < count; i++) indices[i] = i;
  return indices;
}
