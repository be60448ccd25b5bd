import { entryNamed, type Registry } from '../registry/named-entry.js';
import type { Aggregator } from './aggregator.js';
import { krum } from './krum.js';
import { median } from './median.js';
import { trimmedMean } from './trimmed-mean.js';
import { weightedMean } from './weighted-mean.js';

/** Every aggregator by id. A new one is one line here; job files may name it with the options it declares. */
export const aggregators: Registry<Aggregator> = { weightedMean, trimmedMean, median, krum };

/** The rule that a job has unless it names another. */
export const DEFAULT_AGGREGATOR = weightedMean.id;

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function aggregatorNamed(id: string): Aggregator {
  return entryNamed(aggregators, id, 'aggregator');
}
