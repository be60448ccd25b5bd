export { readRunFolder, type RunContents } from './read-run.js';
export { runTraces, type RunTraces } from './run-traces.js';
export { readText } from './read-text.js';
export { createRunFolder, openRunFolder, RUN_FILES, type RunFolder } from './run-folder.js';
