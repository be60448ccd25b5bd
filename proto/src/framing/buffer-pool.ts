/** Smaller ones cost less to make than to keep. */
const LEAST_BYTES = 16 * 1024;

/**
 * Buffers that are used again. Updates are large and live briefly: without a pool, most of a busy coordinator's time
 * would go into making their memory and collecting it.
 */
export class BufferPool {
  readonly #most: number;
  #free: Uint8Array[] = [];
  #bytes = 0;

  /** @param mostBytes that are kept in the pool; buffers beyond that are left to the garbage collector */
  constructor(mostBytes = 64 * 1024 * 1024) {
    this.#most = mostBytes;
  }

  /** A free buffer of that length, its contents arbitrary; null if none fits. */
  take(length: number): Uint8Array | null {
    const at = this.#free.findLastIndex(({ byteLength }) => byteLength >= length && byteLength <= 2 * length);
    const [buffer] = at < 0 ? [] : this.#free.splice(at, 1);
    if (!buffer) return null;
    this.#bytes -= buffer.byteLength;
    return buffer.subarray(0, length);
  }

  /** Gives the memory under those bytes back; the caller must not look at them again. */
  give({ buffer }: Uint8Array): void {
    if (buffer.byteLength < LEAST_BYTES || this.#bytes + buffer.byteLength > this.#most) return;
    this.#free.push(new Uint8Array(buffer));
    this.#bytes += buffer.byteLength;
  }
}
