import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { reduceCoordinator } from './coordinator-reducer.js';
import {
  initialCoordinatorState,
  type CoordinatorConfig,
  type CoordinatorEvent,
  type CoordinatorState,
} from './coordinator-state.js';
import { isAsking, quorumOf } from './coordinator-step.js';

const plain: CoordinatorConfig = {
  seed: 3,
  numClients: 4,
  clientsPerRound: 3,
  rounds: 3,
  quorum: 0.5,
  selects: true,
  evaluatesOnClients: true,
  measures: false,
  adjustmentRounds: [1],
  roundTimeout: 60,
  joinTimeout: 30,
  returnTimeout: 5,
  adjustmentQuorum: 0,
  restAfter: 0,
  refusalLimit: 0,
};
const NAMES = ['a', 'b', 'c', 'd', 'e'];

/** Next event, drawn regardless of whether it makes sense: the reducer must keep its promises anyway. */
const step = fc.record({
  kind: fc.constantFrom(
    'join',
    'canary',
    'badCanary',
    'lost',
    'left',
    'returnTimeout',
    'answer',
    'stale',
    'failed',
    'deadline',
    'computed',
  ),
  name: fc.constantFrom(...NAMES),
});
type Draw = typeof step extends fc.Arbitrary<infer T> ? T : never;

function eventOf({ kind, name }: Draw, state: CoordinatorState, serial: number): CoordinatorEvent {
  const { phase, round } = state;
  switch (kind) {
    case 'join': {
      const seat = state.seats.get(name);
      const token = seat?.returnToken ?? null;
      return {
        kind: 'join',
        connection: `${name}${serial}`,
        newClientId: name,
        newReturnToken: `t${serial}`,
        shownReturnToken: token,
        part: null,
        name,
        samples: 5,
      };
    }
    case 'canary':
      return { kind: 'canary', clientId: name, problem: null };
    case 'badCanary':
      return { kind: 'canary', clientId: name, problem: 'wrong' };
    case 'answer':
    case 'stale':
      return {
        kind: 'answer',
        clientId: name,
        phase: isAsking(phase) ? phase : 'train',
        round: kind === 'stale' ? round - 1 : round,
        payload: `p${serial}`,
      };
    case 'failed':
      return { kind: 'failed', clientId: name, round, code: 'internal' };
    case 'deadline':
      return { kind: 'deadline', step: state.step.id };
    case 'computed':
      return {
        kind: 'computed',
        phase: phase === 'merge' || phase === 'choose' || phase === 'settle' ? phase : 'close',
        mask: null,
      };
    default:
      return { kind: kind, clientId: name };
  }
}

function play(
  config: CoordinatorConfig,
  draws: readonly Draw[],
): {
  events: CoordinatorEvent[];
  states: CoordinatorState[];
  effects: string[];
} {
  let { state } = initialCoordinatorState(config);
  const events: CoordinatorEvent[] = [{ kind: 'prepared' }];
  const states = [state];
  const effects: string[] = [];
  const tell = (event: CoordinatorEvent): void => {
    const next = reduceCoordinator(config, state, event);
    state = next.state;
    states.push(state);
    effects.push(JSON.stringify(next.effects));
    checkEffects(config, state, next.effects);
  };
  tell({ kind: 'prepared' });
  draws.forEach((draw, serial) => {
    const event = eventOf(draw, state, serial);
    events.push(event);
    tell(event);
  });
  return { events, states, effects };
}

const ASKED = { merge: 'moments', choose: 'losses', close: 'train', settle: 'measure' } as const;

function checkEffects(
  config: CoordinatorConfig,
  state: CoordinatorState,
  effects: ReturnType<typeof reduceCoordinator>['effects'],
): void {
  for (const effect of effects) {
    if (effect.kind !== 'compute') continue;
    const indices = effect.answers.map(({ partitionIndex }) => partitionIndex);
    const isLast = effect.phase === 'settle' && state.round === config.rounds;
    const needed = isLast ? 0 : quorumOf(config, ASKED[effect.phase]);
    expect(effect.answers.length).toBeGreaterThanOrEqual(needed);
    expect(indices).toEqual([...indices].sort((a, b) => a - b));
    expect(new Set(indices).size).toBe(indices.length);
    expect(state.round).toBeLessThan(config.rounds + (isLast ? 1 : 0));
  }
}

describe.each([
  ['moments from training', plain],
  ['moments measured apart', { ...plain, measures: true }],
])('the coordinator under any schedule, %s', (_, config) => {
  it('never goes back a round, never counts twice, closes only with a quorum, and replays exactly', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (draws) => {
        const { events, states, effects } = play(config, draws);
        const rounds = states.map(({ round }) => round);
        expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
        let state = initialCoordinatorState(config).state;
        const again = events.map((event) => {
          const next = reduceCoordinator(config, state, event);
          state = next.state;
          return JSON.stringify(next.effects);
        });
        expect(again).toEqual(effects);
      }),
      { seed: 20261120, numRuns: 300 },
    );
  });

  it('reaches the end from any state once clients behave', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (draws) => {
        let state = play(config, draws).states.at(-1) ?? initialCoordinatorState(config).state;
        const tell = (event: CoordinatorEvent): void => {
          state = reduceCoordinator(config, state, event).state;
        };
        for (const [i, name] of NAMES.entries()) {
          tell(eventOf({ kind: 'join', name }, state, 1000 + i));
          tell({ kind: 'canary', clientId: name, problem: null });
        }
        for (let turn = 0; turn < 60 && state.phase !== 'finished'; turn++) {
          const open = state.step.id;
          for (const name of NAMES) tell(eventOf({ kind: 'answer', name }, state, 2000 + turn));
          tell(eventOf({ kind: 'computed', name: 'a' }, state, 0));
          // Time passes only where answering brought nothing.
          if (state.step.id === open) tell({ kind: 'deadline', step: open });
        }
        expect(state.phase).toBe('finished');
        expect(state.round).toBe(config.rounds);
      }),
      { seed: 20261120, numRuns: 200 },
    );
  });

  it('makes no seats without end for newcomers who never come back', () => {
    let { state } = initialCoordinatorState(config);
    const refusals: string[] = [];
    for (let i = 0; i < 100; i++) {
      const who = { connection: `c${i}`, newClientId: `n${i}`, newReturnToken: `t${i}`, name: `n${i}` };
      const joined = reduceCoordinator(config, state, {
        kind: 'join',
        ...who,
        shownReturnToken: null,
        part: null,
        samples: 1,
      });
      for (const effect of joined.effects) if (effect.kind === 'refuseConnection') refusals.push(effect.code);
      state = reduceCoordinator(config, joined.state, { kind: 'left', clientId: `n${i}` }).state;
    }
    expect(state.seats.size).toBe(32);
    expect(refusals).toEqual(Array.from({ length: 68 }, () => 'part_taken'));
  });
});
