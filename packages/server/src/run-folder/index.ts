export { readRunFolder, type RunContents } from './read-run.js';
export { createRunFolder, openRunFolder, RUN_FILES, type RunFolder } from './run-folder.js';
export { runTraces, type RunTraces } from './run-traces.js';
