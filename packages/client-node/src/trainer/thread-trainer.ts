import { createRequire } from 'node:module';
import type { Trainer } from '@espalier/core';
import { createWorkerTrainer } from '../worker/index.js';
import type { NodeTrainerOptions } from './node-trainer.js';

/**
 * {@link createNodeTrainer} on a thread of its own, so that training never holds up the sockets.
 * @throws EspalierError `backend_unavailable`.
 */
export function createThreadTrainer(options: NodeTrainerOptions = {}): Promise<Trainer> {
  const module = createRequire(import.meta.url).resolve('@espalier/client-node/trainer');
  return createWorkerTrainer({ spec: { kind: 'module', module, options } });
}
