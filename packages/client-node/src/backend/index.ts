export { nodeBackends, type NodeBackendOptions } from './node-backends.js';
