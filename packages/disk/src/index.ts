export { makeFolder } from './make-folder.js';
export { readBounded } from './read-bounded.js';
export { readStream } from './read-stream.js';
export { storageError, systemCode } from './storage-error.js';
export { placeWithin } from './place-within.js';
export { whenFree } from './when-free.js';
export { removeParts, writeWhole, type WriteOptions } from './write-whole.js';
