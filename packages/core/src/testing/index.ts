export { aggregatorContract } from './aggregator-contract.js';
export { allocationContract } from './allocation-contract.js';
export { criterionContract } from './criterion-contract.js';
export { exampleGraphs } from './example-graphs.js';
