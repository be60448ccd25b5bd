/** The only door of core. Every room lists its own names; nothing else may be imported from outside. */
export {
  ERROR_CODES,
  EspalierError,
  found,
  isEspalierError,
  toEspalierError,
  unreachable,
  type ErrorCode,
  type ErrorFacts,
} from './errors.js';
export { shownValue } from './shown-value.js';
export { isPrintable, printable } from './printable.js';
export * from './registry/index.js';
export * from './graph/index.js';
export * from './params/index.js';
export * from './mask/index.js';
export * from './criteria/index.js';
export * from './allocation/index.js';
export * from './candidates/index.js';
export * from './adjustment/index.js';
export * from './round/index.js';
export * from './batchnorm/index.js';
export * from './aggregation/index.js';
export * from './server-optimizer/index.js';
export * from './coding/index.js';
export * from './budget/index.js';
export * from './trainer/index.js';
export * from './data/index.js';
export * from './protocol/index.js';
export * from './mask-rules/index.js';
export * from './methods/index.js';
export * from './random/index.js';
export * from './job/index.js';
export * from './transport/index.js';
export * from './formats/index.js';
export * from './report/index.js';
export * from './groups/index.js';
export * from './quantization/index.js';
export * from './repair/index.js';
export * from './compression/index.js';
