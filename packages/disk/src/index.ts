export { makeFolder } from './make-folder.js';
export { readBounded, readStream } from './read-bounded.js';
export { storageError, systemCode } from './storage-error.js';
export { placeWithin } from './place-within.js';
export { removeParts, writeWhole, type WriteOptions } from './write-whole.js';
