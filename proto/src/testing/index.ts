/** For tests only: the suites every implementation passes. Needs jest. */
export { transportContract, type ConnectionPair } from './transport-contract.js';
