export * from './job/index.js';
export * from './sockets/index.js';
export * from './security/index.js';
