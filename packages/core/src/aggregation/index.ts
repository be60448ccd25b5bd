export { addUpdate } from './add-update.js';
export type { Aggregator, WeightedUpdate } from './aggregator.js';
export { aggregatorNamed, aggregators } from './registry.js';
export { weightedMean, type WeightedSum } from './weighted-mean.js';
