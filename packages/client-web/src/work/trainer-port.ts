import { createRemoteTrainer, type ThreadMessage, type TrainerPort } from '@espalier/client/remote';
import type { Trainer } from '@espalier/core';
import type { TrainerChoice } from './backends.js';

/**
 * A trainer in a worker of its own, so that heartbeats are answered while it works.
 * @throws EspalierError `backend_unavailable`.
 */
export function startTrainer(choice: TrainerChoice): Promise<Trainer> {
  const worker = new Worker(new URL('./trainer-worker.ts', import.meta.url), { type: 'module' });
  worker.postMessage(choice);
  return createRemoteTrainer(portOf(worker));
}

function portOf(worker: Worker): TrainerPort {
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    listen: (onMessage, onDied) => {
      worker.onmessage = ({ data }: MessageEvent<ThreadMessage>) => {
        onMessage(data);
      };
      worker.onerror = ({ message }) => {
        onDied(message);
      };
    },
    terminate: () => {
      worker.terminate();
      return Promise.resolve();
    },
  };
}
