import { EspalierError } from '@espalier/core';
import { KERNELS } from '../gen/kernels.js';

/** What the compiled kernels offer. */
export interface Kernels {
  /** First byte of memory that the kernels leave to the caller. */
  heapBase(): number;
  /** Multiplies `count` byte offsets by `to / from`, when the bytes of a position change. */
  scaleOffsets(address: number, count: number, from: number, to: number): void;
  /** Runs `count` records from `first` on; every thread runs all of them on its own share. */
  execute(first: number, count: number, thread: number, threads: number): void;
}

/** A module of one function that returns a v128: valid exactly where WebAssembly SIMD is. */
const SIMD_PROBE = Uint8Array.of(
  ...[
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  ],
  11,
);

let compiled: Promise<WebAssembly.Module> | undefined;

/** Whether this host can run the engine. */
export function engineAvailable(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(SIMD_PROBE);
}

/**
 * The kernels over that memory.
 * @throws EspalierError `backend_unavailable` where WebAssembly SIMD is missing.
 */
export async function instantiateKernels(memory: WebAssembly.Memory): Promise<Kernels> {
  if (!engineAvailable()) {
    throw new EspalierError(
      'backend_unavailable',
      'the sparse engine needs WebAssembly SIMD, which this host lacks; use the tfjs trainer',
    );
  }
  compiled ??= WebAssembly.compile(decodeBase64(KERNELS));
  const instance = await WebAssembly.instantiate(await compiled, { env: { memory, abort: refuse } });
  return kernelsOf(instance.exports);
}

/** The compiled kernels in bytes. */
export function kernelBytes(): number {
  return decodeBase64(KERNELS).length;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function refuse(): never {
  throw new EspalierError('internal', 'a kernel of the sparse engine stopped');
}

function kernelsOf(exported: WebAssembly.Exports): Kernels {
  const find = (name: string): ((...args: number[]) => number) => {
    const value = exported[name];
    if (typeof value !== 'function') throw new EspalierError('internal', `the kernels do not export ${name}`);
    return value as (...args: number[]) => number;
  };
  return {
    heapBase: find('heapBase'),
    scaleOffsets: find('scaleOffsets'),
    execute: find('execute'),
  };
}
