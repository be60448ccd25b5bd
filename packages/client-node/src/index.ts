export * from './data/index.js';
export * from './backend/index.js';
export * from './trainer/index.js';
