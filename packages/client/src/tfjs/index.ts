/** The tfjs trainer: an entry of its own, so that programs that do not train never load tfjs. */
export { createTfjsTrainer, type TfjsTrainerOptions } from './create-tfjs-trainer.js';
export {
  chooseBackend,
  cpuBackend,
  importedBackend,
  tryBackends,
  wasmBackend,
  type BackendCandidate,
  type BackendChoice,
  type BackendReport,
  type ImportedBackend,
  type WasmOptions,
} from './backends.js';
export { registerWasmKernels } from './wasm/register-wasm-kernels.js';
