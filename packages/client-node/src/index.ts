export * from './data/index.js';
export * from './worker/index.js';
