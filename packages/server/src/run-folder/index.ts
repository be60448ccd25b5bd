export { readRunFolder, type RunContents } from './read-run.js';
export { createRunFolder, RUN_FILES, type RunFolder } from './run-folder.js';
export { storageError } from './storage-error.js';
