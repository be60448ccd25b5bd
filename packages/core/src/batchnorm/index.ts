export { mergeMoments, type MomentReport, type VarianceMerge } from './merge-moments.js';
export { MomentAccumulator, type BatchMoments, type BatchSums } from './moment-accumulator.js';
export { measuresMoments, trainingMoments, type FreshMoments, type ModelMoments } from './model-moments.js';
