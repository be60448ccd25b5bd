export * from './sockets/index.js';
