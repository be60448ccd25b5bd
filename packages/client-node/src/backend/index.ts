export {
  chooseNodeBackend,
  describeBackends,
  nodeBackends,
  type NodeBackendOptions,
} from './node-backends.js';
