export { serveJob, type ServedJob, type ServeOptions } from './serve-job.js';
export { resumableJob, runSigns } from './resume-run.js';
export { finishedRun, type FinishedRun } from './finished-run.js';
export { serveReplay, type ReplayOptions, type ServedReplay } from './serve-replay.js';
