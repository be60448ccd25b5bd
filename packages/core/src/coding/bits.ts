/**
 * Writes single bits into a buffer of known length. Bit i of the stream is bit `i & 7` (from the lowest) of byte
 * `i >> 3`; bits never written are zero.
 */
export class BitWriter {
  readonly bytes: Uint8Array;
  #position = 0;

  constructor(bits: number) {
    this.bytes = new Uint8Array(Math.ceil(bits / 8));
  }

  /** `count` ones, then a zero. */
  unary(count: number): void {
    for (let i = 0; i < count; i++) this.#set();
    this.#position++;
  }

  /** The `width` low bits of `value`, lowest first. */
  low(value: number, width: number): void {
    for (let i = 0; i < width; i++) {
      if ((value >>> i) & 1) this.#set();
      else this.#position++;
    }
  }

  #set(): void {
    this.bytes[this.#position >>> 3]! |= 1 << (this.#position & 7);
    this.#position++;
  }
}

/** Reads the bits that {@link BitWriter} wrote; past the end it reports `undefined` and stays there. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits left. */
  get left(): number {
    return this.#bytes.length * 8 - this.#position;
  }

  /** The number of ones before the next zero; undefined when the ones are more than `limit` or never end. */
  unary(limit: number): number | undefined {
    for (let count = 0; count <= limit && this.left > 0; count++) {
      if (this.#next() === 0) return count;
    }
    return undefined;
  }

  /** A number of `width` ≤ 31 bits, lowest first; undefined when fewer are left. */
  low(width: number): number | undefined {
    if (this.left < width) return undefined;
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.#next() << i;
    return value;
  }

  #next(): number {
    const bit = (this.#bytes[this.#position >>> 3]! >>> (this.#position & 7)) & 1;
    this.#position++;
    return bit;
  }
}
