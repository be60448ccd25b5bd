import { chooseBackend, createTfjsTrainer } from '@espalier/client/tfjs';
import { EspalierError, type Trainer } from '@espalier/core';
import { nodeBackends } from '../backend/index.js';

/** Which trainer to make on Node. */
export interface NodeTrainerOptions {
  /** A backend by name instead of the best one that works here. */
  readonly backend?: string;
}

/**
 * The best trainer that works on this machine, in this thread.
 * @throws EspalierError `backend_unavailable` naming every backend and why it cannot be used.
 */
export async function createNodeTrainer({ backend }: NodeTrainerOptions = {}): Promise<Trainer> {
  const known = nodeBackends();
  const candidates = backend === undefined ? known : known.filter(({ name }) => name === backend);
  if (candidates.length === 0) {
    const names = known.map(({ name }) => name).join(', ');
    throw new EspalierError('backend_unavailable', `there is no backend ${String(backend)}; there are ${names}`);
  }
  const choice = await chooseBackend(candidates);
  return createTfjsTrainer({ backend: choice.backend });
}
