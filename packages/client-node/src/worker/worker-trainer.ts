import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { createRemoteTrainer, type ThreadMessage, type TrainerPort } from '@espalier/client/remote';
import type { Trainer } from '@espalier/core';
import type { TrainerSpec } from './trainer-factory.js';

/**
 * A trainer on a worker thread, so that training never holds up the thread that answers pings.
 * @throws EspalierError `backend_unavailable` when the thread or its trainer cannot be started. When the thread dies
 * later, what is under way and every later call fails with `internal`.
 */
export function createWorkerTrainer({ spec }: { readonly spec: TrainerSpec }): Promise<Trainer> {
  return createRemoteTrainer(portOf(new Worker(entryFile(), { workerData: spec })));
}

/** The built entry, by the package's own name: the same from a build, from sources under test, and installed. */
function entryFile(): string {
  return createRequire(import.meta.url).resolve('@espalier/client-node/worker');
}

function portOf(worker: Worker): TrainerPort {
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    listen: (onMessage, onDied) => {
      worker.on('message', (message: ThreadMessage) => {
        onMessage(message);
      });
      worker.on('error', (error) => {
        onDied(error.message);
      });
      worker.on('exit', (code) => {
        onDied(`it ended with code ${code}`);
      });
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}
