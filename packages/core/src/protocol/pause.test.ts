import { describe, expect, it } from '@jest/globals';
import { reduceCoordinator } from './coordinator-reducer.js';
import {
  initialCoordinatorState,
  type CoordinatorConfig,
  type CoordinatorEvent,
} from './coordinator-state.js';
import { rearm, replayJournal, replayStart } from './replay.js';
import { readState, writeState } from './stored-state.js';

const config: CoordinatorConfig = {
  seed: 3,
  numClients: 1,
  clientsPerRound: 1,
  rounds: 2,
  quorum: 1,
  selects: false,
  evaluatesOnClients: false,
  measures: false,
  adjustmentRounds: [],
  roundTimeout: 100,
  joinTimeout: 30,
  returnTimeout: 10,
  adjustmentQuorum: 0,
  restAfter: 0,
  refusalLimit: 0,
};

const START: readonly CoordinatorEvent[] = [
  { kind: 'prepared' },
  {
    kind: 'join',
    connection: 'c',
    newClientId: 'one',
    newReturnToken: 't',
    shownReturnToken: null,
    part: 0,
    name: 'one',
    samples: 5,
  },
  { kind: 'canary', clientId: 'one', problem: null },
];
const answer = (round: number): CoordinatorEvent => ({
  kind: 'answer',
  clientId: 'one',
  phase: 'train',
  round,
  payload: `p${round}`,
});
const closed: CoordinatorEvent = { kind: 'computed', phase: 'close', mask: null };
const pause: CoordinatorEvent = { kind: 'pause' };
const resume: CoordinatorEvent = { kind: 'resume' };

function tell(...events: readonly CoordinatorEvent[]) {
  let state = initialCoordinatorState(config).state;
  let last: readonly string[] = [];
  for (const event of events) {
    const moved = reduceCoordinator(config, state, event);
    state = moved.state;
    last = moved.effects.map(({ kind }) => kind);
  }
  return { state, last };
}

describe('a paused run', () => {
  it('does not begin while it gathers, and begins when it is resumed', () => {
    expect(tell(pause, ...START).state.phase).toBe('gather');
    expect(tell(pause, ...START, resume).last).toContain('ask');
  });

  it('finishes the open round and gives out no new one', () => {
    const { state, last } = tell(...START, pause, answer(0), closed);
    expect([state.round, state.held, last]).toEqual([1, true, []]);
    expect(tell(...START, pause, answer(0), closed, resume).last).toEqual(['startDeadline', 'ask']);
  });

  it('goes on as if nothing had been when it was resumed in time', () => {
    const { state } = tell(...START, pause, resume, answer(0), closed);
    const plain = tell(...START, answer(0), closed);
    expect(state).toEqual(plain.state);
  });

  it('takes the computation once, and ends at once when it is stopped', () => {
    expect(tell(...START, pause, answer(0), closed, closed).state.round).toBe(1);
    expect(tell(...START, pause, answer(0), closed, { kind: 'stop', reason: 'enough' }).last).toContain(
      'finish',
    );
  });

  it('is still paused after a restart, and computes nothing twice', () => {
    const events = [...START, pause, answer(0), closed];
    const entries = events.map((event, at) => ({ at, event }));
    const replayed = replayJournal(config, replayStart(config), entries);
    expect(rearm(config, replayed)).toEqual([]);
    expect(readState(writeState(replayed.state))).toEqual(replayed.state);
  });
});
