import { EspalierError } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { isInitialised } from './tensors.js';

/**
 * tfjs has one active backend and one list of tensors per process, and a trainer's work is spread over several turns
 * of the event loop; so all tfjs trainers of a process take turns, as do callers that open a backend.
 */
let tail: Promise<unknown> = Promise.resolve();

/** Runs `work` when all work queued before it has ended. */
export function takeTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = tail.then(work);
  tail = result.catch(() => undefined);
  return result;
}

/** Runs `work` on that backend when all work queued before it has ended. */
export function takeTurnOn<T>(backend: string, work: () => Promise<T>): Promise<T> {
  return takeTurn(async () => {
    await activate(backend);
    return work();
  });
}

async function activate(backend: string): Promise<void> {
  if (tf.getBackend() === backend) return;
  if (!isInitialised(backend) || !(await tf.setBackend(backend))) {
    throw new EspalierError(
      'backend_unavailable',
      `the tfjs backend ${backend} is not set up; choose one that \`espalier doctor\` lists as available`,
      { backend },
    );
  }
}
