import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canWork, type Seat } from './seat.js';
import { SeatBook } from './seat-book.js';

const seatOf = (who: number, token: number, presence: Seat['presence'], admitted: boolean): Seat => ({
  clientId: `client${who}`,
  partitionIndex: 2 * who,
  name: `part ${who}`,
  samples: 5,
  share: 1,
  returnToken: `${who} ${token}`,
  presence,
  admitted,
  expected: admitted,
  losses: 0,
  absences: 0,
  restUntil: 0,
  strikes: 0,
  excluded: false,
});

const anySeat = fc
  .tuple(fc.nat(6), fc.nat(2), fc.constantFrom<Seat['presence']>('present', 'away', 'gone'), fc.boolean())
  .map((parts) => seatOf(...parts));

const PARTS = Array.from({ length: 15 }, (_, part) => part);
const TOKENS = [0, 1, 2, 3, 4, 5, 6].flatMap((who) => [0, 1, 2].map((token) => `${who} ${token}`));

/** Everything that can be asked of a book. */
function askedOf(book: SeatBook): unknown {
  return {
    all: [...book],
    size: book.size,
    working: book.working,
    lowestFree: book.lowestFree,
    parts: PARTS.map((part) => book.ofPart(part)),
    tokens: TOKENS.map((token) => book.ofToken(token)),
    clients: PARTS.map((who) => [book.has(`client${who}`), book.get(`client${who}`)]),
  };
}

/** The same of a map that is copied at every change, everything looked up among all its seats. */
function expectedOf(seats: ReadonlyMap<string, Seat>): unknown {
  const all = [...seats.values()];
  return {
    all,
    size: all.length,
    working: all.filter(canWork).length,
    lowestFree: PARTS.find((part) => all.every((seat) => seat.partitionIndex !== part)),
    parts: PARTS.map((part) => all.find((seat) => seat.partitionIndex === part)),
    tokens: TOKENS.map((token) => all.find((seat) => seat.returnToken === token)),
    clients: PARTS.map((who) => [seats.has(`client${who}`), seats.get(`client${who}`)]),
  };
}

describe('a book of seats', () => {
  it('is a value: every version stays as it was, however they are read and continued', () => {
    const step = fc.record({ seat: anySeat, from: fc.nat(), look: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const versions = [
          { book: SeatBook.of(), seats: new Map<string, Seat>() as ReadonlyMap<string, Seat> },
        ];
        for (const { seat, from, look } of steps) {
          const base = versions[from % versions.length]!;
          const seats = new Map(base.seats).set(seat.clientId, seat);
          versions.push({ book: base.book.with(seat), seats });
          const seen = versions[look % versions.length]!;
          expect(askedOf(seen.book)).toEqual(expectedOf(seen.seats));
        }
        for (const { book, seats } of versions) expect(askedOf(book)).toEqual(expectedOf(seats));
      }),
      { seed: 20261120, numRuns: 40 },
    );
  });

  it('has nobody for no token and no part', () => {
    const book = SeatBook.of([seatOf(1, 0, 'present', true)]);
    expect([book.ofToken(null), book.ofPart(null), book.get('nobody')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('tells two books apart by their seats', () => {
    const [a, b] = [seatOf(1, 0, 'present', true), seatOf(1, 0, 'away', true)];
    expect(SeatBook.of([a])).toEqual(SeatBook.of([a]));
    expect(SeatBook.of([a])).not.toEqual(SeatBook.of([b]));
  });
});
