import { EspalierError } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { takeTurn } from './exclusive.js';
import { isInitialised } from './tensors.js';
import { registerWasmKernels } from './wasm/register-wasm-kernels.js';

/** A tfjs backend that might be there. */
export interface BackendCandidate {
  /** The name people know it by. */
  readonly name: string;
  /** The name tfjs knows it by. */
  readonly backend: string;
  /** Instructions for getting the backend; empty where nothing needs doing. */
  readonly install: string;
  /** Makes it usable, or throws saying why not. */
  readonly open: () => Promise<void>;
}

/** Outcome of trying a candidate. */
export interface BackendReport {
  readonly name: string;
  readonly available: boolean;
  /** A sentence: why it is not available, or that it is. */
  readonly reason: string;
  readonly install: string;
}

/** The backend that was chosen, and what became of those before it. */
export interface BackendChoice {
  readonly name: string;
  /** Backend to pass to `createTfjsTrainer`. */
  readonly backend: string;
  readonly tried: readonly BackendReport[];
}

/**
 * Opens the first candidate that works.
 * @throws EspalierError `backend_unavailable` with every reason when none does.
 */
export async function chooseBackend(candidates: readonly BackendCandidate[]): Promise<BackendChoice> {
  const tried: BackendReport[] = [];
  for (const candidate of candidates) {
    const report = await tryBackend(candidate);
    tried.push(report);
    if (report.available) return { name: candidate.name, backend: candidate.backend, tried };
  }
  const reasons = tried.map(({ name, reason }) => `${name}: ${reason}`).join(' ');
  throw new EspalierError('backend_unavailable', `no tfjs backend can be used. ${reasons}`);
}

/** Opens every candidate and says what became of it. */
export async function tryBackends(
  candidates: readonly BackendCandidate[],
): Promise<readonly BackendReport[]> {
  const reports: BackendReport[] = [];
  for (const candidate of candidates) reports.push(await tryBackend(candidate));
  return reports;
}

async function tryBackend({ name, install, open }: BackendCandidate): Promise<BackendReport> {
  try {
    await takeTurn(open);
    return { name, available: true, reason: 'It is ready.', install: '' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, available: false, reason, install };
  }
}

/** Location of the wasm backend's binary, and its number of threads. */
export interface WasmOptions {
  /** Folder of the `.wasm` files, with a slash at its end; without it the library looks beside itself. */
  readonly files?: string;
  /** 1 unless told; more need SharedArrayBuffer. */
  readonly threads?: number;
}

/** WebAssembly with SIMD on the CPU, with the kernels that training needs. */
export function wasmBackend({ files, threads = 1 }: WasmOptions = {}): BackendCandidate {
  return {
    name: 'wasm',
    backend: 'wasm',
    install: 'Install @tensorflow/tfjs-backend-wasm beside @espalier/client.',
    open: async () => {
      const wasm = await import('@tensorflow/tfjs-backend-wasm');
      if (files !== undefined && !isInitialised('wasm')) wasm.setWasmPaths(files);
      wasm.setThreadsCount(threads);
      registerWasmKernels();
      await activate('wasm');
    },
  };
}

/** Plain JavaScript: correct everywhere, and slow. */
export function cpuBackend(): BackendCandidate {
  return {
    name: 'cpu',
    backend: 'cpu',
    install: 'Install @tensorflow/tfjs-backend-cpu beside @espalier/client.',
    open: async () => {
      // The backend greets every Node user with an advertisement unless tfjs is in production mode.
      tf.env().set('PROD', true);
      await import('@tensorflow/tfjs-backend-cpu');
      await activate('cpu');
    },
  };
}

/** A backend that registers itself with tfjs when some module is loaded. */
export interface ImportedBackend {
  readonly name: string;
  readonly backend: string;
  readonly install: string;
  /** Loads the module, or throws saying why not. */
  readonly load: () => Promise<unknown>;
}

/** A candidate from a module that registers itself, e.g. webgl or tfjs-node. */
export function importedBackend({ name, backend, install, load }: ImportedBackend): BackendCandidate {
  return {
    name,
    backend,
    install,
    open: async () => {
      await load();
      await activate(backend);
    },
  };
}

async function activate(backend: string): Promise<void> {
  if (tf.engine().registryFactory[backend] === undefined) {
    throw new Error(
      `It loaded, but gave no ${backend} backend to tfjs ${tf.version_core}; install the matching version.`,
    );
  }
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs could not initialise its ${backend} backend.`);
}
