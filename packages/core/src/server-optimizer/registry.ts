import { entryNamed, type Registry } from '../registry/named-entry.js';
import { adam } from './adam.js';
import { average } from './average.js';
import { momentum } from './momentum.js';
import type { ServerOptimizer } from './server-optimizer.js';

/** Every server optimiser by id. A new one is one line here; job files may name it with the options it declares. */
export const serverOptimizers: Registry<ServerOptimizer> = { average, momentum, adam };

/** The one that a job has unless it names another. */
export const DEFAULT_SERVER_OPTIMIZER = average.id;

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function serverOptimizerNamed(id: string): ServerOptimizer {
  return entryNamed(serverOptimizers, id, 'server optimizer');
}
