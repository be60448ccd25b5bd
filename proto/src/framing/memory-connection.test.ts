import { memoryConnectionPair } from './memory-connection.js';
import { transportContract } from '../testing/transport-contract.js';

const pairWith =
  (...schedule: Parameters<typeof memoryConnectionPair>) =>
  () =>
    Promise.resolve({ ends: memoryConnectionPair(...schedule), dispose: () => Promise.resolve() });

transportContract('memory connection', pairWith());
transportContract(
  'memory connection on macrotasks',
  pairWith((task) => setImmediate(task)),
);
