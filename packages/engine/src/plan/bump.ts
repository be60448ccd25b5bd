/** Bump allocation from a first address. */
export class Bump {
  next: number;

  constructor(first: number) {
    this.next = first;
  }

  /** The next address for so many bytes, a multiple of 16. */
  take(bytes: number): number {
    const address = Math.ceil(this.next / 16) * 16;
    this.next = address + bytes;
    return address;
  }
}
