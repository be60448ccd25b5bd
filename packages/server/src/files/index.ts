export { readText } from './read-text.js';
export { writeWhole } from './atomic-file.js';
export { storageError, systemCode } from './storage-error.js';
