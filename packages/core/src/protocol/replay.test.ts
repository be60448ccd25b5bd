import { describe, expect, it } from '@jest/globals';
import { reduceCoordinator } from './coordinator-reducer.js';
import type { CoordinatorConfig, CoordinatorEvent } from './coordinator-state.js';
import { rearm, replayJournal, replayStart, type JournalEntry } from './replay.js';
import { readState, writeState } from './stored-state.js';

const config: CoordinatorConfig = {
  seed: 3,
  numClients: 2,
  clientsPerRound: 2,
  rounds: 2,
  quorum: 1,
  selects: false,
  evaluatesOnClients: false,
  measures: false,
  adjustmentRounds: [0],
  roundTimeout: 100,
  joinTimeout: 30,
  returnTimeout: 10,
  adjustmentQuorum: 0,
  restAfter: 0,
  refusalLimit: 0,
};

const join = (part: number): CoordinatorEvent => ({
  kind: 'join',
  connection: `c${part}`,
  newClientId: `client${part}`,
  newReturnToken: `return${part}`,
  shownReturnToken: null,
  part,
  name: `part ${part}`,
  samples: 5,
});
const canary = (part: number): CoordinatorEvent => ({
  kind: 'canary',
  clientId: `client${part}`,
  problem: null,
});
const update = (part: number, round: number): CoordinatorEvent => ({
  kind: 'answer',
  clientId: `client${part}`,
  phase: 'train',
  round,
  payload: `p${part}${round}`,
});
const closed: CoordinatorEvent = { kind: 'computed', phase: 'close', mask: { version: 1, hash: 'ab' } };

/** A whole run, an event a second. */
const RUN: readonly JournalEntry[] = [
  { kind: 'prepared' } as const,
  join(0),
  canary(0),
  join(1),
  canary(1),
  update(1, 0),
  update(0, 0),
  closed,
  update(0, 1),
  update(1, 1),
  closed,
].map((event, i) => ({ at: i + 1, event }));

const until = (count: number): ReturnType<typeof replayJournal> =>
  replayJournal(config, replayStart(config), RUN.slice(0, count));

describe('a journal', () => {
  it('gives the state that the run had, wherever it is cut and whatever part a snapshot holds', () => {
    let { state } = replayStart(config);
    for (const [i, { event }] of RUN.entries()) {
      state = reduceCoordinator(config, state, event).state;
      expect(until(i + 1).state).toEqual(state);
      const snapshot = { ...until(i + 1), state: readState(writeState(state)) };
      expect(replayJournal(config, snapshot, RUN.slice(i + 1))).toEqual(until(RUN.length));
    }
    expect(state.phase).toBe('finished');
  });

  it.each([
    ['while clients gather', 1, { kind: 'startDeadline', step: 0, seconds: 29 }],
    ['in the middle of a round, its deadline', 6, { kind: 'startDeadline', step: 1, seconds: 99 }],
    [
      'while a round is being closed, the closing',
      7,
      { kind: 'compute', phase: 'close', round: 0, adjustment: { number: 0, due: 0 } },
    ],
    ['in the next round', 9, { kind: 'startDeadline', step: 2, seconds: 99 }],
    ['after the end, the end', 11, { kind: 'finish', stopped: false }],
  ])('cut %s is taken up again', (_, count, effect) => {
    expect(rearm(config, until(count))).toEqual([expect.objectContaining(effect)]);
  });

  it('closes with the answers that were accepted, each once, in the order of their parts', () => {
    expect(rearm(config, until(7))).toEqual([
      expect.objectContaining({
        answers: [
          { clientId: 'client0', partitionIndex: 0, payload: 'p00' },
          { clientId: 'client1', partitionIndex: 1, payload: 'p10' },
        ],
      }),
    ]);
  });

  it('does not start a deadline again that has passed', () => {
    const passed = replayJournal(config, until(6), [
      { at: 200, event: { kind: 'lost', clientId: 'client0' } },
    ]);
    const away = { kind: 'startReturnTimer', clientId: 'client0', loss: 1, seconds: config.returnTimeout };
    expect(rearm(config, passed)).toEqual([{ kind: 'startDeadline', step: 1, seconds: 0 }, away]);
    const over = replayJournal(config, passed, [
      { at: 201, event: { kind: 'left', clientId: 'client1' } },
      { at: 202, event: { kind: 'deadline', step: 1 } },
    ]);
    expect(over.state.step.deadlinePassed).toBe(true);
    expect(rearm(config, over)).toEqual([away]);
  });
});

describe('a stored state', () => {
  it('of a version without pauses, postponed adjustments, attendance and losses has none of them', () => {
    const { state } = until(6);
    const stored = JSON.parse(writeState(state)) as Record<string, unknown> & {
      seats: Record<string, unknown>[];
    };
    for (const field of ['paused', 'held', 'postponed']) Reflect.deleteProperty(stored, field);
    for (const seat of stored.seats) {
      for (const field of ['absences', 'restUntil', 'strikes', 'excluded', 'share', 'expected', 'losses'])
        Reflect.deleteProperty(seat, field);
    }
    expect(readState(JSON.stringify(stored))).toEqual(state);
  });

  it.each(['', '{}', '[1]', '{"phase":"train"'])('%p is none', (text) => {
    expect(() => readState(text)).toThrow('[storage]');
  });
});
