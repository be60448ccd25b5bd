export { createSparseTrainer, type SparseTrainerOptions } from './sparse-trainer.js';
export { engineAvailable } from './wasm/kernels.js';
