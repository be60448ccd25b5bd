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

/**
 * The counted trainer; called on the worker.
 * @param {{ counts: SharedArrayBuffer }} options
 * @returns {Promise<import('../packages/core/dist/index.js').Trainer>}
 */
export async function createTrainer({ counts }) {
  const sums = new Float64Array(counts);
  const trainer = await createNodeTrainer();

  /**
   * @template {readonly unknown[]} Given
   * @template Result
   * @param {string} name
   * @param {(...given: Given) => Promise<Result>} call
   * @returns {(...given: Given) => Promise<Result>}
   */
  function counted(name, call) {
    const at = 2 * CALLS.indexOf(name);
    return async (...given) => {
      const before = threadSeconds();
      try {
        return await call(...given);
      } finally {
        sums[at] = (sums[at] ?? 0) + 1;
        sums[at + 1] = (sums[at + 1] ?? 0) + threadSeconds() - before;
      }
    };
  }

  return {
    name: trainer.name,
    ops: trainer.ops,
    denseFrom: trainer.denseFrom,
    footprint: (...given) => trainer.footprint(...given),
    predict: (...given) => trainer.predict(...given),
    dispose: () => trainer.dispose(),
    load: counted('load', (...given) => trainer.load(...given)),
    train: counted('train', (...given) => trainer.train(...given)),
    gradients: counted('gradients', (...given) => trainer.gradients(...given)),
    topGradients: counted('topGradients', (...given) => trainer.topGradients(...given)),
    batchNormMoments: counted('batchNormMoments', (...given) => trainer.batchNormMoments(...given)),
    evaluate: counted('evaluate', (...given) => trainer.evaluate(...given)),
  };
}
