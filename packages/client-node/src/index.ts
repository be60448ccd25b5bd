export * from './data/index.js';
export * from './backend/index.js';
