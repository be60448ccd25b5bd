/** For tests only: the suites every implementation passes, and messages to send. Needs jest. */
export { sampleGraph, sampleMask, sampleMoments, sampleSuccessor } from './sample-graph.js';
export { clientSamples, serverSamples, type Sample } from './samples.js';
export { transportContract, type ConnectionPair } from './transport-contract.js';
export { vectorMeaning, vectors, type Vector, type VectorKind } from './vectors.js';
