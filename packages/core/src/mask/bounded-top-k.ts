import { EspalierError } from '../errors.js';
import type { LayerMask } from './mask.js';

/** Indices with their values, ascending by index. */
export interface IndexedValues {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/**
 * Keeps the `capacity` values of largest magnitude out of a stream of any length, in memory proportional to
 * the capacity: this lets a device report its top gradients without holding a dense gradient (FedTiny, Huang
 * et al. 2023). The order of pushes does not matter; equal magnitudes keep the lower index, as in `topK`.
 */
export class BoundedTopK {
  readonly capacity: number;
  /** A binary heap whose root is the weakest entry kept. */
  readonly #indices: Uint32Array;
  readonly #values: Float32Array;
  #size = 0;

  /** @throws EspalierError `invalid_argument` unless the capacity is a whole number of at least 0. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 0) {
      throw new EspalierError('invalid_argument', `capacity ${capacity} is not a whole number of at least 0`);
    }
    this.capacity = capacity;
    this.#indices = new Uint32Array(capacity);
    this.#values = new Float32Array(capacity);
  }

  /** Entries kept so far, at most the capacity. */
  get size(): number {
    return this.#size;
  }

  /**
   * Offers one value, read as float32. Each index may be offered once.
   * @throws EspalierError `not_finite` when the value is NaN or infinite.
   */
  push(index: number, value: number): void {
    if (!Number.isFinite(value)) {
      throw new EspalierError('not_finite', `the value at index ${index} is ${value}`, { index });
    }
    const single = Math.fround(value);
    if (this.#size < this.capacity) this.#siftUp(this.#size++, index, single);
    else if (this.capacity > 0 && this.#isWeaker(0, index, single)) this.#siftDown(index, single);
  }

  /** The entries kept, ascending by index; more may be pushed to the collector afterwards. */
  result(): IndexedValues {
    const order = Uint32Array.from({ length: this.#size }, (_, slot) => slot);
    order.sort((a, b) => this.#indices[a]! - this.#indices[b]!);
    return {
      indices: order.map((slot) => this.#indices[slot]!),
      values: Float32Array.from(order, (slot) => this.#values[slot]!),
    };
  }

  /** True when the entry in `slot` would have to leave before the given one. */
  #isWeaker(slot: number, index: number, value: number): boolean {
    const own = Math.abs(this.#values[slot]!);
    const other = Math.abs(value);
    return own < other || (own === other && this.#indices[slot]! > index);
  }

  #siftUp(hole: number, index: number, value: number): void {
    let slot = hole;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#isWeaker(parent, index, value)) break;
      this.#move(parent, slot);
      slot = parent;
    }
    this.#put(slot, index, value);
  }

  #siftDown(index: number, value: number): void {
    let slot = 0;
    for (;;) {
      const child = this.#weakerChild(slot);
      if (child >= this.#size || !this.#isWeaker(child, index, value)) break;
      this.#move(child, slot);
      slot = child;
    }
    this.#put(slot, index, value);
  }

  /** The child that must leave first; at or past the end if there is none. */
  #weakerChild(slot: number): number {
    const left = 2 * slot + 1;
    const right = left + 1;
    if (right >= this.#size) return left;
    return this.#isWeaker(left, this.#indices[right]!, this.#values[right]!) ? left : right;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#indices[from]!, this.#values[from]!);
  }

  #put(slot: number, index: number, value: number): void {
    this.#indices[slot] = index;
    this.#values[slot] = value;
  }
}

/**
 * The `count` inactive weights of a layer with the largest |value|, fewer where fewer are inactive.
 * @param values one per weight of the layer, active ones too, e.g. its dense gradient
 * @throws EspalierError `wrong_length` when there is not one value per weight, `not_finite` on NaN or infinity.
 */
export function topInactive(
  { name, size, active }: LayerMask,
  values: Float32Array,
  count: number,
): IndexedValues {
  if (values.length !== size) {
    throw new EspalierError('wrong_length', `${name} has ${size} weights, got ${values.length} values`, {
      name,
    });
  }
  const top = new BoundedTopK(Math.min(count, size - active.length));
  let next = 0;
  for (let i = 0; i < size; i++) {
    if (i === active[next]) next++;
    else top.push(i, values[i]!);
  }
  return top.result();
}
