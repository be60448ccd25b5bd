/** Disjoint sets of whole numbers that grow as they are needed. */
export class UnionFind {
  readonly #parents: number[] = [];

  /** A new set of one, by its number: 0, 1, 2 … */
  add(): number {
    return this.#parents.push(this.#parents.length) - 1;
  }

  /** The set's representative: its lowest member. */
  find(member: number): number {
    let root = member;
    while (this.#parents[root] !== root) root = this.#parents[root]!;
    for (let at = member; at !== root;) {
      const next = this.#parents[at]!;
      this.#parents[at] = root;
      at = next;
    }
    return root;
  }

  /** Makes two sets one. */
  union(a: number, b: number): void {
    const [first, second] = [this.find(a), this.find(b)];
    this.#parents[Math.max(first, second)] = Math.min(first, second);
  }
}
