import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { EspalierError } from '@espalier/core';
import type { EngineThread, EngineThreadTask } from '@espalier/engine';

/**
 * Starts a worker thread that shares an engine's memory and takes its share of every op. The engine blocks while its
 * threads work, so it must itself be off the thread that talks to sockets.
 * @throws EspalierError `backend_unavailable` when the thread cannot be started.
 */
export function startEngineThread(task: EngineThreadTask): Promise<EngineThread> {
  const entry = createRequire(import.meta.url).resolve('@espalier/client-node/engine-thread');
  const worker = new Worker(entry, { workerData: task });
  return new Promise((resolve, reject) => {
    worker.once('error', (error) => {
      reject(new EspalierError('backend_unavailable', `an engine thread could not start: ${error.message}`));
    });
    worker.once('message', () => {
      resolve({
        stop: async () => {
          await worker.terminate();
        },
      });
    });
  });
}
