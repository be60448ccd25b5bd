import { pathToFileURL } from 'node:url';
import { EspalierError, type Trainer } from '@espalier/core';

/** Description of the trainer that a training thread makes. */
export interface TrainerSpec {
  readonly kind: 'module';
  /** A JavaScript module whose `createTrainer(options)` gives a Trainer, by file URL or path. */
  readonly module: string;
  /** Handed to `createTrainer`; plain data. */
  readonly options?: unknown;
}

/**
 * The one place where a spec becomes a trainer. Runs on the training thread.
 * @throws EspalierError `backend_unavailable` saying what is missing.
 */
export async function makeTrainer(spec: TrainerSpec): Promise<Trainer> {
  const loaded = await importModule(spec.module);
  if (!hasFactory(loaded)) {
    throw new EspalierError('backend_unavailable', `the module ${spec.module} does not export createTrainer`);
  }
  return loaded.createTrainer(spec.options);
}

async function importModule(module: string): Promise<unknown> {
  const url = /^(file|data|node):/.test(module) ? module : pathToFileURL(module).href;
  try {
    return await import(url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EspalierError(
      'backend_unavailable',
      `the trainer module ${module} cannot be loaded: ${reason}`,
    );
  }
}

interface TrainerModule {
  readonly createTrainer: (options: unknown) => Promise<Trainer>;
}

function hasFactory(loaded: unknown): loaded is TrainerModule {
  return (
    typeof loaded === 'object' &&
    loaded !== null &&
    'createTrainer' in loaded &&
    typeof loaded.createTrainer === 'function'
  );
}
