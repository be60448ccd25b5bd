/**
 * A counting sort into rows. `bounds` has a place more than there are rows; once {@link Buckets.close} has run, row r is
 * from `bounds[r]` up to (not including) `bounds[r + 1]`.
 */
export class Buckets {
  #next = new Uint32Array(0);

  constructor(private readonly bounds: Uint32Array) {
    bounds.fill(0);
  }

  /** Makes room for one more item of a row; all are counted before the first is placed. */
  count(row: number): void {
    this.bounds[row + 1] = (this.bounds[row + 1] ?? 0) + 1;
  }

  /** Ends the counting. */
  close(): void {
    let end = 0;
    for (const [row, count] of this.bounds.entries()) this.bounds[row] = end += count;
    this.#next = this.bounds.slice();
  }

  /** The place of a row's next item. */
  place(row: number): number {
    const at = this.#next[row] ?? 0;
    this.#next[row] = at + 1;
    return at;
  }
}
