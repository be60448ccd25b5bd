import { entryNamed, type Registry } from '../registry/named-entry.js';
import type { Aggregator } from './aggregator.js';
import { weightedMean } from './weighted-mean.js';

/** Every aggregator by id; each is used with the states it made itself. A new one is one line here. */
export const aggregators: Registry<Aggregator<unknown>> = { weightedMean };

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function aggregatorNamed(id: string): Aggregator<unknown> {
  return entryNamed(aggregators, id, 'aggregator');
}
