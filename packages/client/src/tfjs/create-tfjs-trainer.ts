import { EspalierError, type Trainer } from '@espalier/core';
import { chooseBackend, cpuBackend, wasmBackend, type BackendCandidate } from './backends.js';
import { isInitialised } from './tensors.js';
import { TfjsTrainer } from './tfjs-trainer.js';

/** Settings of a tfjs trainer. */
export interface TfjsTrainerOptions {
  /** `wasm` and `cpu` are set up here if nobody did; others must have been opened by {@link chooseBackend}. */
  readonly backend: string;
}

/**
 * A trainer that computes masked-dense with tfjs.
 * @throws EspalierError `backend_unavailable` when the backend cannot be set up.
 */
export async function createTfjsTrainer({ backend }: TfjsTrainerOptions): Promise<Trainer> {
  const builtIn: readonly BackendCandidate[] = [wasmBackend(), cpuBackend()];
  const candidate = builtIn.find(({ name }) => name === backend);
  if (candidate !== undefined) await chooseBackend([candidate]);
  else if (!isInitialised(backend)) {
    throw new EspalierError(
      'backend_unavailable',
      `the tfjs backend ${backend} is not set up; wasm and cpu need no setting up, others go through chooseBackend`,
      { backend },
    );
  }
  return new TfjsTrainer(backend);
}
