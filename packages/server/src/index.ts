export * from './forms/index.js';
export * from './job/index.js';
export * from './sockets/index.js';
export * from './security/index.js';
export * from './hosting/index.js';
export * from './run-folder/index.js';
export * from './state/index.js';
export * from './bench/index.js';
