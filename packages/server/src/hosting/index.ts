export { serveJob, type ServedJob } from './serve-job.js';
export type { ServeOptions } from './serve-options.js';
export { finishedRun, type FinishedRun } from './finished-run.js';
export { serveReplay, type ReplayOptions, type ServedReplay } from './serve-replay.js';
export { resumableJob, runSigns } from './resume-run.js';
