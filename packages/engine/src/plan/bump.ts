/** Bump allocation from a first address. */
export class Bump {
  next: number;

  constructor(first: number) {
    this.next = first;
  }

  /** Reserves `bytes` bytes; gives their address, a multiple of 16. */
  take(bytes: number): number {
    const address = Math.ceil(this.next / 16) * 16;
    this.next = address + bytes;
    return address;
  }
}
