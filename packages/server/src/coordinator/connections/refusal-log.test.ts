import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LogFacts } from '../options.js';
import { addressOf, RefusalLog, type RefusalLine } from './refusal-log.js';

let now: number;
let timers: { readonly at: number; readonly callback: () => void }[];
let lines: string[];
let log: RefusalLog;
beforeEach(() => {
  now = 1000;
  timers = [];
  lines = [];
  const write = (message: string, facts: LogFacts = {}): void => {
    lines.push(message);
    expect(facts).toBeDefined();
  };
  log = new RefusalLog({
    log: { info: write, warn: write, error: write },
    clock: () => now,
    schedule: (seconds, callback) => {
      const timer = { at: now + seconds, callback };
      timers.push(timer);
      return () => (timers = timers.filter((one) => one !== timer));
    },
  });
});

function pass(seconds: number): void {
  now += seconds;
  for (const due of timers.filter(({ at }) => at <= now)) {
    timers = timers.filter((one) => one !== due);
    due.callback();
  }
}

const line = (who: string, code = 'unauthorized', n = 0): RefusalLine => ({
  who,
  code,
  message: `refused ${who}: ${code} ${n}`,
  facts: { code },
});

function refuse(times: number, who: string, code?: string): void {
  for (let n = 0; n < times; n++) log.write(line(who, code, n));
}

describe('refusals in the log', () => {
  it('are written one by one while they are few', () => {
    refuse(5, '10.0.0.1');
    pass(120);
    expect(lines).toHaveLength(5);
    expect(timers).toEqual([]);
  });

  it('are counted when they are many, and said in a line when the minute is over', () => {
    refuse(10_000, '10.0.0.1');
    expect(lines).toHaveLength(5);
    pass(59);
    expect(lines).toHaveLength(5);
    pass(1);
    expect(lines.slice(5)).toEqual(['9995 more refusals in a minute: unauthorized of 10.0.0.1']);
    refuse(2, '10.0.0.1');
    expect(lines).toHaveLength(8);
  });

  it('are told apart by code and by address', () => {
    refuse(6, '10.0.0.1');
    refuse(1, '10.0.0.2');
    refuse(1, '10.0.0.1', 'malformed_message');
    expect(lines.slice(5)).toEqual([
      'refused 10.0.0.2: unauthorized 0',
      'refused 10.0.0.1: malformed_message 0',
    ]);
  });

  it('of more addresses than anybody could read share one count', () => {
    for (let n = 0; n < 20_000; n++) refuse(1, `10.1.${n >> 8}.${n & 255}`);
    expect(lines).toHaveLength(256 + 5);
    pass(60);
    const [sum] = lines.slice(261);
    expect(sum).toMatch(/^\d+ more refusals in a minute: any code of many addresses$/);
    refuse(1, '10.2.0.0');
    expect(lines.at(-1)).toBe('refused 10.2.0.0: unauthorized 0');
  });

  it('are all said when the coordinator ends, and nothing is left to be called', () => {
    refuse(7, '10.0.0.1');
    log.close();
    expect(lines.at(-1)).toBe('2 more refusals in a minute: unauthorized of 10.0.0.1');
    expect(timers).toEqual([]);
  });
});

it.each([
  ['127.0.0.1:4711', '127.0.0.1'],
  ['::1:4711', '::1'],
  ['faulty', 'faulty'],
])('the address of %p is %p', (peer, address) => {
  expect(addressOf(peer)).toBe(address);
});
