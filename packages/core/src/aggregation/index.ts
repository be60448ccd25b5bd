export { addUpdate } from './add-update.js';
export { aggregateUpdates, type RoundAggregation } from './aggregate-updates.js';
export type { Aggregation, Aggregator, UpdateSource, WeightedUpdate } from './aggregator.js';
export { krum } from './krum.js';
export { median } from './median.js';
export { aggregatorNamed, aggregators, DEFAULT_AGGREGATOR } from './registry.js';
export { trimmedMean } from './trimmed-mean.js';
export { findOutliers, profileUpdate, type UpdateOutlier, type UpdateProfile } from './update-profile.js';
export { weightedMean } from './weighted-mean.js';
