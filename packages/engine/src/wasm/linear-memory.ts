import { EspalierError } from '@espalier/core';

/** Bytes of a WebAssembly page. */
export const PAGE = 65536;

/** Most bytes a 32-bit WebAssembly memory can have. */
export const MAX_BYTES = 65536 * PAGE;

/** One growing WebAssembly memory and typed windows into it. A window is good until the memory grows. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;

  /** @param shared whether other threads are to see it; needs SharedArrayBuffer */
  constructor(shared = false) {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared });
  }

  /** Bytes allocated. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /**
   * Grows to at least `bytes`, rounded up to whole pages.
   * @throws EspalierError `memory_budget` where the host refuses.
   */
  ensure(bytes: number): void {
    const pages = Math.ceil(bytes / PAGE) - this.bytes / PAGE;
    if (pages <= 0) return;
    try {
      this.memory.grow(pages);
    } catch {
      throw new EspalierError('memory_budget', `this host has no ${bytes} bytes of memory for the plan`, {
        needed: bytes,
      });
    }
  }

  f32(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count);
  }

  f64(address: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, count);
  }

  u32(address: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, count);
  }

  i32(address: number, count: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, count);
  }
}
