import { createRemoteTrainer, type ThreadMessage, type TrainerPort } from '@espalier/client/remote';
import type { Trainer } from '@espalier/core';
import type { TrainerChoice } from './backends.js';

/**
 * A trainer in a worker of its own, so that heartbeats are answered while it works.
 * @param onDied hears why the worker ended, if it did by itself
 * @throws EspalierError `backend_unavailable`.
 */
export function startTrainer(choice: TrainerChoice, onDied: (reason: string) => void): Promise<Trainer> {
  const worker = new Worker(new URL('./trainer-worker.ts', import.meta.url), { type: 'module' });
  worker.postMessage(choice);
  return createRemoteTrainer(portOf(worker, onDied));
}

function portOf(worker: Worker, died: (reason: string) => void): TrainerPort {
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    listen: (onMessage, onDied) => {
      worker.onmessage = ({ data }: MessageEvent<ThreadMessage>) => {
        onMessage(data);
      };
      worker.onerror = (event) => {
        // Handled here: otherwise it would count as an error of the worker above too.
        event.preventDefault();
        onDied(event.message);
        died(event.message);
      };
    },
    terminate: () => {
      worker.terminate();
      return Promise.resolve();
    },
  };
}
