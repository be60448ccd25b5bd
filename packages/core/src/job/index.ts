export type { HeterogeneousSpec, Job, StaticMaskSpec } from './job.js';
