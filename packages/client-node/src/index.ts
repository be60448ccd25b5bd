export * from './backend/index.js';
export * from './data/index.js';
export * from './fetch/index.js';
export * from './models/index.js';
export * from './trainer/index.js';
export * from './worker/index.js';
