/**
 * The trainer of a worker of bench-overhead.mjs: the usual one, with its calls and their CPU seconds added up where the
 * main thread sees them. It imports as little as a worker usually does: what else lies on the heap, the collector of
 * garbage goes through as well.
 */
import { readFileSync } from 'node:fs';
import { createNodeTrainer } from '../packages/client-node/dist/trainer/node-trainer.js';

/** Calls in the order of their sums: how often, and CPU seconds. */
export const CALLS = ['load', 'train', 'gradients', 'topGradients', 'batchNormMoments', 'evaluate'];

/** CPU seconds of this thread. */
function threadSeconds() {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e9;
}

/** Called on the worker. */
export async function createTrainer({ counts }) {
  const sums = new Float64Array(counts);
  const trainer = await createNodeTrainer();
  const counted = {
    name: trainer.name,
    ops: trainer.ops,
    denseFrom: trainer.denseFrom,
    footprint: () => trainer.footprint(),
    dispose: () => trainer.dispose(),
  };
  for (const [at, name] of CALLS.entries()) {
    counted[name] = async (...given) => {
      const before = threadSeconds();
      try {
        return await trainer[name](...given);
      } finally {
        sums[2 * at] += 1;
        sums[2 * at + 1] += threadSeconds() - before;
      }
    };
  }
  return counted;
}
