import { describe, expect, it } from '@jest/globals';
import type { FrameConnection, Traffic } from '@espalier/core';
import { TrafficLedger } from './ledger.js';

/** A connection that has moved what it is told. */
function moving(traffic: Traffic): FrameConnection {
  return {
    peer: 'peer',
    send: () => Promise.resolve(),
    subscribe: () => undefined,
    close: () => undefined,
    traffic: () => traffic,
  };
}

describe('a ledger after a crash', () => {
  it('has what crossed since the snapshot in its next reading, once', () => {
    const ledger = new TrafficLedger();
    ledger.restore({ up: 100, down: 10 });
    ledger.carryOver({ up: 130, down: 15 });
    const connection = moving({ bytesIn: 7, bytesOut: 1 });
    ledger.open(connection);
    ledger.assign(connection, 2);
    expect(ledger.peek()).toEqual({ up: 137, down: 16 });
    expect(ledger.read()).toEqual({ up: 37, down: 6, upPerClient: { 2: 7 } });
    expect(ledger.read()).toEqual({ up: 0, down: 0, upPerClient: {} });
    expect(ledger.totals).toEqual({ up: 137, down: 16 });
  });

  it('never counts backwards', () => {
    const ledger = new TrafficLedger();
    ledger.restore({ up: 100, down: 10 });
    ledger.carryOver({ up: 90, down: 10 });
    expect(ledger.peek()).toEqual({ up: 100, down: 10 });
  });
});
