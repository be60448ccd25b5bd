import { EspalierError, unreachable, type Trainer } from '@espalier/core';
import { createSparseTrainer, type EngineThread, type EngineThreadTask } from '@espalier/engine';
import { onDeviceLoss } from './device-loss.js';
import type { BackendName, TrainerChoice } from './backends.js';

/**
 * The trainer of that choice, in this worker. A tfjs backend is loaded only here, when it was chosen.
 * @throws EspalierError `backend_unavailable`.
 */
export function makeTrainer({ backend, threads, memoryBudget }: TrainerChoice): Promise<Trainer> {
  switch (backend) {
    case 'engine':
      return createSparseTrainer({
        memoryBudget,
        ...(threads > 1 ? { threads, startThread: startEngineThread } : {}),
      });
    case 'webgpu':
    case 'webgl':
      return makeTfjsTrainer(backend);
    default:
      return unreachable(backend);
  }
}

async function makeTfjsTrainer(backend: Exclude<BackendName, 'engine'>): Promise<Trainer> {
  const { chooseBackend, createTfjsTrainer, importedBackend } = await import('@espalier/client/tfjs');
  const load = { webgpu: loadWebgpu, webgl: loadWebgl }[backend];
  await chooseBackend([importedBackend({ name: backend, backend, install: '', load })]);
  const { backend: current } = await import('@tensorflow/tfjs-core');
  onDeviceLoss(current(), (reason) => {
    // Ends this worker in the eyes of the one above it, whatever is under way: nothing computed since can be trusted.
    throw new EspalierError('backend_unavailable', `the ${backend} device was lost (${reason})`);
  });
  return createTfjsTrainer({ backend });
}

const loadWebgpu = (): Promise<unknown> => import('@tensorflow/tfjs-backend-webgpu');
const loadWebgl = (): Promise<unknown> => import('@tensorflow/tfjs-backend-webgl');

/** A worker that shares the engine's memory and takes its share of every op. */
function startEngineThread(task: EngineThreadTask): Promise<EngineThread> {
  const worker = new Worker(new URL('./engine-thread.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => {
      reject(new EspalierError('backend_unavailable', `an engine thread could not start: ${message}`));
    };
    worker.onmessage = () => {
      resolve({
        stop: () => {
          worker.terminate();
          return Promise.resolve();
        },
      });
    };
    worker.postMessage(task);
  });
}
