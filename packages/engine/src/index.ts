export { createSparseTrainer, type SparseTrainer, type SparseTrainerOptions } from './sparse-trainer.js';
export {
  benchEngine,
  benchVariants,
  type EngineBenchOptions,
  type EngineBenchResult,
  type Milliseconds,
  type VariantBenchOptions,
  type VariantBenchResult,
} from './bench-engine.js';
export { measureMachine, type Clock, type MachineRates } from './machine.js';
export { DENSE_FROM } from './plan/store.js';
export { engineAvailable } from './wasm/kernels.js';
export {
  runEngineThread,
  type EngineThread,
  type EngineThreadTask,
  type StartEngineThread,
} from './wasm/runner.js';
