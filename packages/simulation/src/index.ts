export { idealDevice, type Device } from './fleet/device.js';
export { openThreadPool, type ThreadPoolOptions } from './pool/thread-pool.js';
export { TrainerPool } from './pool/trainer-pool.js';
export { simulate, type SimulatedRun, type SimulateOptions } from './simulate.js';
