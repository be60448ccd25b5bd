/** What runs on a training thread: one trainer, asked one call at a time. Started by `createWorkerTrainer`. */
import { parentPort, workerData } from 'node:worker_threads';
import { unreachable, type Footprint, type Trainer } from '@espalier/core';
import {
  maskOf,
  plainError,
  type Call,
  type CallMessage,
  type CallResults,
  type ThreadMessage,
} from './calls.js';
import { makeTrainer, type TrainerSpec } from './trainer-factory.js';

function tell(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

async function answer(trainer: Trainer, { id, call }: CallMessage): Promise<void> {
  try {
    const value = await perform(trainer, id, call);
    tell({ kind: 'result', id, value, footprint: footprintOf(trainer) });
  } catch (thrown) {
    tell({ kind: 'error', id, error: plainError(thrown), footprint: footprintOf(trainer) });
  }
}

async function perform(trainer: Trainer, id: number, call: Call): Promise<CallResults[Call['name']]> {
  switch (call.name) {
    case 'load':
      await trainer.load(call.graph, call.state, call.mask && maskOf(call.mask));
      return undefined;
    case 'train':
      return trainer.train(call.dataset, call.options, {
        signal: abortSignal(call.abort),
        onProgress: (progress) => {
          tell({ kind: 'progress', id, progress });
        },
      });
    case 'gradients':
      return trainer.gradients(call.batch);
    case 'topGradients':
      return trainer.topGradients(call.batch, call.requests);
    case 'batchNormMoments':
      return trainer.batchNormMoments(call.dataset, call.options);
    case 'evaluate':
      return trainer.evaluate(call.dataset, call.options);
    case 'predict':
      return trainer.predict(call.batch);
    default:
      return unreachable(call);
  }
}

function abortSignal(flag: Int32Array): { readonly aborted: boolean } {
  return {
    get aborted() {
      return Atomics.load(flag, 0) === 1;
    },
  };
}

/** Null before the first load, when a trainer has no footprint to tell. */
function footprintOf(trainer: Trainer): Footprint | null {
  try {
    return trainer.footprint();
  } catch {
    return null;
  }
}

async function start(spec: TrainerSpec): Promise<void> {
  let trainer: Trainer;
  try {
    trainer = await makeTrainer(spec);
  } catch (thrown) {
    tell({ kind: 'refused', error: plainError(thrown) });
    return;
  }
  parentPort?.on('message', (message: CallMessage) => {
    void answer(trainer, message);
  });
  tell({ kind: 'ready', name: trainer.name, ops: trainer.ops });
}

await start(workerData as TrainerSpec);
