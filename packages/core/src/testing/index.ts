export { aggregatorContract } from './aggregator-contract.js';
export { allocationContract } from './allocation-contract.js';
export { criterionContract } from './criterion-contract.js';
export { exampleGraphs } from './example-graphs.js';
export { smallGraphs, type GraphArbitraryOptions } from './graph-arbitrary.js';
export { masksOf, noiseBatch, unevenState } from './network-arbitrary.js';
