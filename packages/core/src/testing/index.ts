export { aggregatorContract, updateSource } from './aggregator-contract.js';
export { allocationContract } from './allocation-contract.js';
export { criterionContract } from './criterion-contract.js';
export { exampleGraphs } from './example-graphs.js';
export { smallGraphs, type GraphArbitraryOptions } from './graph-arbitrary.js';
export { maskRuleContract } from './mask-rule-contract.js';
export { methodContract } from './method-contract.js';
export { masksOf, noiseBatch, unevenState } from './network-arbitrary.js';
export { serverOptimizerContract } from './server-optimizer-contract.js';
export { trainerContract } from './trainer-contract.js';
export { failureContract } from './trainer-contract-failures.js';
export { loadingContract } from './trainer-contract-loading.js';
export { type MakeTrainer, type TrainerContractOptions } from './trainer-contract-fixtures.js';
export {
  doubled,
  referenceForward,
  referenceGradients,
  type MomentTree64,
  type Params64,
  type ReferencePass,
  type SampledGradient,
} from './reference-network.js';
