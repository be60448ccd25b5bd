import type { ClientId } from './ids.js';
import { canWork, type Seat } from './seat.js';

/**
 * Rows that the present version of a book owns; and indexes, so that no lookup has to go through all seats.
 */
interface Rows {
  /** In the order of arrival. */
  readonly byClient: Map<string, Seat>;
  readonly clientByToken: Map<string, string>;
  readonly clientByPart: Map<number, string>;
  /** Seats that can work now. */
  working: number;
  /** No part below it is free. */
  lowestFree: number;
}

/** Difference between an older version and a newer one. */
interface Difference {
  readonly newer: SeatBook;
  readonly clientId: ClientId;
  /** Seat in the older version; null if it has none. */
  readonly seat: Seat | null;
}

/**
 * Every seat of a run, as an immutable value: {@link with} returns another book. The newest version owns the
 * rows and older ones record their differences (Baker, "Shallow binding makes functional arrays fast", 1991),
 * so the cost of a change does not grow with the fleet. Iterates over the seats in the order of their
 * arrival.
 */
export class SeatBook implements Iterable<Seat> {
  #rows: Rows | null;
  #difference: Difference | null = null;

  private constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** A book of those seats, in their order. */
  static of(seats: Iterable<Seat> = []): SeatBook {
    const rows: Rows = {
      byClient: new Map(),
      clientByToken: new Map(),
      clientByPart: new Map(),
      working: 0,
      lowestFree: 0,
    };
    for (const seat of seats) put(rows, seat.clientId, seat);
    return new SeatBook(rows);
  }

  get size(): number {
    return this.#own().byClient.size;
  }

  /** Seats whose clients can be asked now. */
  get working(): number {
    return this.#own().working;
  }

  /** The lowest partition index that no seat has. */
  get lowestFree(): number {
    return this.#own().lowestFree;
  }

  get(clientId: ClientId): Seat | undefined {
    return this.#own().byClient.get(clientId);
  }

  has(clientId: ClientId): boolean {
    return this.#own().byClient.has(clientId);
  }

  /** The seat that this return token belongs to. */
  ofToken(returnToken: string | null): Seat | undefined {
    const { byClient, clientByToken } = this.#own();
    const clientId = returnToken === null ? undefined : clientByToken.get(returnToken);
    return clientId === undefined ? undefined : byClient.get(clientId);
  }

  /** The seat of that partition index. */
  ofPart(part: number | null): Seat | undefined {
    const { byClient, clientByPart } = this.#own();
    const clientId = part === null ? undefined : clientByPart.get(part);
    return clientId === undefined ? undefined : byClient.get(clientId);
  }

  /** The seats in the order of their arrival. */
  values(): IterableIterator<Seat> {
    return this.#own().byClient.values();
  }

  [Symbol.iterator](): IterableIterator<Seat> {
    return this.values();
  }

  /** A book with that seat in place of its client's older one, or after all others. */
  with(seat: Seat): SeatBook {
    const rows = this.#own();
    const { clientId } = seat;
    const before = rows.byClient.get(clientId) ?? null;
    put(rows, clientId, seat);
    const newer = new SeatBook(rows);
    this.#rows = null;
    this.#difference = { newer, clientId, seat: before };
    return newer;
  }

  /** Takes the rows over from the version that has them, undoing the differences in between. */
  #own(): Rows {
    if (this.#rows) return this.#rows;
    for (const { older, difference } of SeatBook.#pathFrom(this).reverse()) older.#takeFrom(difference);
    return this.#rows!;
  }

  /** The versions from that one to the newest, which has the rows and is not among them. */
  static #pathFrom(book: SeatBook): { readonly older: SeatBook; readonly difference: Difference }[] {
    const path = [];
    for (let older = book; older.#difference; older = older.#difference.newer) {
      path.push({ older, difference: older.#difference });
    }
    return path;
  }

  #takeFrom({ newer, clientId, seat }: Difference): void {
    const rows = newer.#rows!;
    newer.#difference = { newer: this, clientId, seat: rows.byClient.get(clientId) ?? null };
    newer.#rows = null;
    put(rows, clientId, seat);
    this.#rows = rows;
    this.#difference = null;
  }
}

/**
 * Gives the client that seat, or none; the order of arrival is preserved, since only the last to arrive is
 * ever removed.
 */
function put(rows: Rows, clientId: ClientId, seat: Seat | null): void {
  const { byClient, clientByToken, clientByPart } = rows;
  const before = byClient.get(clientId);
  if (before) {
    if (canWork(before)) rows.working--;
    if (before.returnToken !== seat?.returnToken) clientByToken.delete(before.returnToken);
    if (before.partitionIndex !== seat?.partitionIndex) freePart(rows, before.partitionIndex);
  }
  if (seat === null) {
    byClient.delete(clientId);
    return;
  }
  byClient.set(clientId, seat);
  if (canWork(seat)) rows.working++;
  if (before?.returnToken !== seat.returnToken) clientByToken.set(seat.returnToken, clientId);
  if (before?.partitionIndex !== seat.partitionIndex) clientByPart.set(seat.partitionIndex, clientId);
  while (clientByPart.has(rows.lowestFree)) rows.lowestFree++;
}

function freePart(rows: Rows, part: number): void {
  rows.clientByPart.delete(part);
  rows.lowestFree = Math.min(rows.lowestFree, part);
}
