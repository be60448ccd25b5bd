import { instantiateKernels, instantiateShared, sharedKernelModule } from './kernels.js';
import { LinearMemory } from './linear-memory.js';

/** Everything that another thread needs to work for an engine. All of it can be posted to a worker. */
export interface EngineThreadTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly thread: number;
  readonly threads: number;
}

/** A running thread. */
export interface EngineThread {
  /** Frees the worker after the engine has released it. */
  stop(): Promise<void>;
}

/**
 * Starts a worker that calls {@link runEngineThread}; resolves when the worker has reported that it is ready.
 */
export type StartEngineThread = (task: EngineThreadTask) => Promise<EngineThread>;

/**
 * A worker's side: instantiates the kernels, reports that it is ready, and then blocks, working for the
 * engine until it is released. Call it in a worker only.
 */
export async function runEngineThread(task: EngineThreadTask, ready: () => void): Promise<void> {
  const kernels = await instantiateShared(task.module, task.memory);
  ready();
  kernels.serve(task.control, task.thread, task.threads);
}

/** Way in which a host runs several threads. */
export interface ThreadOptions {
  readonly threads: number;
  readonly start: StartEngineThread;
}

/** Runs records over one memory, by one thread or several. */
export interface Runner {
  readonly memory: LinearMemory;
  /** First byte that is free. */
  readonly base: number;
  scaleOffsets(address: number, count: number, from: number, to: number): void;
  execute(first: number, count: number): void;
  close(): Promise<void>;
}

const CONTROL_BYTES = 32;

/** A fresh memory with kernels over it, and threads where asked for. */
export async function createRunner(options: ThreadOptions | null): Promise<Runner> {
  if (options === null) return singleRunner();
  const { threads, start } = options;
  const memory = new LinearMemory(true);
  const module = await sharedKernelModule();
  const kernels = await instantiateShared(module, memory.memory);
  const control = Math.ceil(kernels.heapBase() / 16) * 16;
  const tasks = Array.from({ length: threads - 1 }, (_, i) => i + 1);
  const running = await Promise.all(
    tasks.map((thread) => start({ module, memory: memory.memory, control, thread, threads })),
  );
  return {
    memory,
    base: control + CONTROL_BYTES,
    scaleOffsets: (address, count, from, to) => {
      kernels.scaleOffsets(address, count, from, to);
    },
    execute: (first, count) => {
      kernels.executeShared(control, first, count, threads);
    },
    close: async () => {
      kernels.dismiss(control);
      await Promise.all(running.map((thread) => thread.stop()));
    },
  };
}

async function singleRunner(): Promise<Runner> {
  const memory = new LinearMemory();
  const kernels = await instantiateKernels(memory.memory);
  return {
    memory,
    base: kernels.heapBase(),
    scaleOffsets: (address, count, from, to) => {
      kernels.scaleOffsets(address, count, from, to);
    },
    execute: (first, count) => {
      kernels.execute(first, count);
    },
    close: () => Promise.resolve(),
  };
}
