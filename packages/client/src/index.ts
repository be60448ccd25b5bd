export * from './sockets/index.js';
export * from './session/index.js';
