/** Chunks that somebody brings, for somebody who reads them one by one: whichever of the two is first waits. */
export class ChunkQueue implements AsyncIterable<Uint8Array> {
  readonly #waiting: (Uint8Array | null)[] = [];
  #wake: () => void = () => undefined;

  /** Brings a chunk; null when there are no more. */
  push(chunk: Uint8Array | null): void {
    this.#waiting.push(chunk);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk === null) return;
      if (chunk) yield chunk;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
