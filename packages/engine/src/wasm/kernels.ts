import { EspalierError } from '@espalier/core';
import { KERNELS } from '../gen/kernels.js';
import { SHARED_KERNELS } from '../gen/shared-kernels.js';

/** Exports of the compiled kernels. */
export interface Kernels {
  /** First byte of memory that the kernels leave to the caller. */
  heapBase(): number;
  /** Multiplies `count` byte offsets by `to / from`, when the bytes of a position change. */
  scaleOffsets(address: number, count: number, from: number, to: number): void;
  /** Runs `count` records from `first` on. */
  execute(first: number, count: number): void;
}

/** Further exports of the build for several threads; `control` is a zeroed block of 32 bytes. */
export interface SharedKernels extends Kernels {
  /** {@link Kernels.execute} with the threads that are in `serve`. */
  executeShared(control: number, first: number, count: number, threads: number): void;
  /** The life of thread `thread`, until `dismiss`. */
  serve(control: number, thread: number, threads: number): void;
  dismiss(control: number): void;
}

/** A module of one function that returns a v128: valid exactly where WebAssembly SIMD is. */
const SIMD_PROBE = Uint8Array.of(
  ...[
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  ],
  11,
);

let compiled: Promise<WebAssembly.Module> | undefined;
let compiledShared: Promise<WebAssembly.Module> | undefined;

/** True when this host can run the engine. */
export function engineAvailable(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(SIMD_PROBE);
}

/**
 * The kernels over that memory.
 * @throws EspalierError `backend_unavailable` where WebAssembly SIMD is missing.
 */
export async function instantiateKernels(memory: WebAssembly.Memory): Promise<Kernels> {
  refuseWithoutSimd();
  compiled ??= WebAssembly.compile(decodeBase64(KERNELS));
  return callable((await WebAssembly.instantiate(await compiled, importsFor(memory))).exports, SINGLE);
}

/** The build for several threads, to be instantiated over one shared memory by each of them. */
export async function sharedKernelModule(): Promise<WebAssembly.Module> {
  refuseWithoutSimd();
  compiledShared ??= WebAssembly.compile(decodeBase64(SHARED_KERNELS));
  return compiledShared;
}

/** An instance of {@link sharedKernelModule} over that memory. */
export async function instantiateShared(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<SharedKernels> {
  const { exports } = await WebAssembly.instantiate(module, importsFor(memory));
  return callable(exports, SHARED);
}

/** Bytes of each build. */
export function kernelBytes(): { readonly single: number; readonly shared: number } {
  return { single: decodeBase64(KERNELS).length, shared: decodeBase64(SHARED_KERNELS).length };
}

function refuseWithoutSimd(): void {
  if (engineAvailable()) return;
  throw new EspalierError(
    'backend_unavailable',
    'the sparse engine needs WebAssembly SIMD, which this host lacks; use the tfjs trainer',
  );
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function importsFor(memory: WebAssembly.Memory): WebAssembly.Imports {
  return { env: { memory, abort: refuse, sleep: sleeper(memory) } };
}

/** Longest sleep in milliseconds: a lost wake-up costs no more. */
const LONGEST_SLEEP = 20;

/** Sleeps until the word at `address` is no longer `known`, or a while has passed. */
function sleeper(memory: WebAssembly.Memory): (address: number, known: number) => void {
  return (address, known) => {
    Atomics.wait(new Int32Array(memory.buffer), address >> 2, known, LONGEST_SLEEP);
  };
}

function refuse(): never {
  throw new EspalierError('internal', 'a kernel of the sparse engine stopped');
}

type Callable<Name extends string> = Readonly<Record<Name, (...args: number[]) => number>>;

const SINGLE = ['heapBase', 'scaleOffsets', 'execute'] as const;
const SHARED = [...SINGLE, 'executeShared', 'serve', 'dismiss'] as const;

function callable<Name extends string>(
  exported: WebAssembly.Exports,
  names: readonly Name[],
): Callable<Name> {
  for (const name of names) {
    if (typeof exported[name] !== 'function')
      throw new EspalierError('internal', `the kernels do not export ${name}`);
  }
  return exported as Callable<Name>;
}
