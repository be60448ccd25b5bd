import { describe, expect, it } from '@jest/globals';
import { reduceCoordinator } from './coordinator-reducer.js';
import {
  initialCoordinatorState,
  type Adjustment,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type CoordinatorState,
} from './coordinator-state.js';

const config: CoordinatorConfig = {
  seed: 1,
  numClients: 3,
  clientsPerRound: 3,
  rounds: 2,
  quorum: 0.6,
  selects: false,
  evaluatesOnClients: false,
  measures: false,
  adjustmentRounds: [],
  roundTimeout: 60,
  joinTimeout: 30,
  returnTimeout: 5,
  adjustmentQuorum: 0,
  restAfter: 0,
  refusalLimit: 0,
};

/** A reducer under test: remembers every effect since the last look. */
class Bench {
  state: CoordinatorState;
  effects: CoordinatorEffect[] = [];
  constructor(readonly config: CoordinatorConfig) {
    this.state = initialCoordinatorState(config).state;
  }

  tell(...events: CoordinatorEvent[]): this {
    for (const event of events) {
      const { state, effects } = reduceCoordinator(this.config, this.state, event);
      this.state = state;
      this.effects.push(...effects);
    }
    return this;
  }

  /** Effects since the last look, in short form. */
  look(): string[] {
    const seen = this.effects.map(brief);
    this.effects = [];
    return seen;
  }
}

function brief(effect: CoordinatorEffect): string {
  switch (effect.kind) {
    case 'ask':
      return `ask ${effect.clientId} ${effect.request.kind}`;
    case 'refuse':
      return `refuse ${effect.clientId} ${effect.code}`;
    case 'refuseConnection':
      return `turn away ${effect.code}`;
    case 'compute':
      return `compute ${effect.phase} ${effect.answers.map(({ payload }) => payload).join(',')}`;
    case 'accept':
      return `accept ${effect.clientId}`;
    case 'seat':
      return `seat ${effect.seat.clientId} at ${effect.seat.partitionIndex}`;
    case 'discard':
      return `discard ${effect.payload}`;
    default:
      return effect.kind;
  }
}

const join = (name: string, part: number | null = null, token: string | null = null): CoordinatorEvent => ({
  kind: 'join',
  connection: `c-${name}`,
  newClientId: name,
  newReturnToken: `t-${name}`,
  shownReturnToken: token,
  part,
  name,
  samples: 10,
});
const admit = (clientId: string): CoordinatorEvent => ({ kind: 'canary', clientId, problem: null });
const update = (clientId: string, round = 0): CoordinatorEvent => ({
  kind: 'answer',
  clientId,
  phase: 'train',
  round,
  payload: `${clientId}${round}`,
});
const closed: CoordinatorEvent = { kind: 'computed', phase: 'close', mask: null };
const deadline = (bench: Bench): CoordinatorEvent => ({ kind: 'deadline', step: bench.state.step.id });

function training(overrides: Partial<CoordinatorConfig> = {}): Bench {
  const bench = new Bench({ ...config, ...overrides });
  bench.tell({ kind: 'prepared' }, join('a'), join('b'), join('c'), admit('a'), admit('b'), admit('c'));
  bench.look();
  return bench;
}

describe('gathering', () => {
  it('starts when the model is prepared and everybody is admitted', () => {
    const bench = new Bench(config).tell(join('a'), join('b'), join('c'), admit('a'), admit('b'), admit('c'));
    expect(bench.state.phase).toBe('gather');
    bench.look();
    expect(bench.tell({ kind: 'prepared' }).look()).toEqual([
      'startDeadline',
      'ask a train',
      'ask b train',
      'ask c train',
    ]);
  });

  it.each([
    [1, 'gather'],
    [2, 'train'],
  ])('past the joining deadline with %p of 3 present is in phase %p', (count, phase) => {
    const bench = new Bench(config).tell({ kind: 'prepared' });
    for (const name of ['a', 'b'].slice(0, count)) bench.tell(join(name), admit(name));
    expect(bench.tell(deadline(bench)).state.phase).toBe(phase);
  });

  it('gives a part to one client at a time, and the lowest free index without a wish', () => {
    const bench = new Bench(config).tell(join('a', 1), join('b'), join('c', 1), join('d'));
    expect(bench.look()).toEqual(['seat a at 1', 'seat b at 0', 'turn away part_taken', 'seat d at 2']);
  });

  it('refuses a backend that computes wrongly', () => {
    const bench = new Bench(config).tell(join('a'));
    bench.look();
    bench.tell({ kind: 'canary', clientId: 'a', problem: 'wrong' });
    expect(bench.look()).toEqual(['refuse a canary_failed']);
    expect(bench.state.seats.get('a')?.admitted).toBe(false);
  });
});

describe('a round', () => {
  it('closes when all have answered, folding by partition index whoever was faster', () => {
    const bench = training().tell(update('c'), update('a'));
    expect(bench.look()).toEqual(['accept c', 'accept a']);
    expect(bench.tell(update('b')).look()).toEqual(['accept b', 'compute close a0,b0,c0']);
    expect(bench.tell(closed).state).toMatchObject({ phase: 'train', round: 1 });
  });

  it('closes at the deadline with a quorum and tells the late one', () => {
    const bench = training().tell(update('a'), update('b'));
    bench.look();
    expect(bench.tell(deadline(bench)).look()).toEqual(['compute close a0,b0']);
    expect(bench.tell(update('c')).look()).toEqual(['discard c0', 'refuse c late']);
  });

  it('asks everybody present again at a deadline without a quorum, keeping what has come', () => {
    const bench = training().tell(update('a'));
    bench.look();
    expect(bench.tell(deadline(bench)).look()).toEqual([
      'note',
      'startDeadline',
      'ask b train',
      'ask c train',
    ]);
    expect(bench.tell(update('b'), update('c')).look().at(-1)).toBe('compute close a0,b0,c0');
  });

  it('ignores a deadline of a step that is over', () => {
    const bench = training();
    const old = deadline(bench);
    bench.tell(update('a'), update('b'), update('c'), closed);
    bench.look();
    expect(bench.tell(old).look()).toEqual([]);
  });

  it.each([
    ['of an earlier round', update('a', 0), 'late'],
    ['of a later round', update('a', 2), 'ahead'],
    ['sent twice', update('b', 1), 'duplicate'],
  ])('refuses an answer %s', (_, event, code) => {
    const bench = training().tell(update('a'), update('b'), update('c'), closed, update('b', 1));
    bench.look();
    expect(bench.tell(event).look().at(-1)).toMatch(new RegExp(`refuse . ${code}$`));
  });

  it('refuses an answer of somebody who was not asked', () => {
    const bench = training({ clientsPerRound: 2 });
    const idle = ['a', 'b', 'c'].find((name) => !bench.state.step.cohort.includes(name)) ?? '';
    expect(bench.tell(update(idle)).look().at(-1)).toBe(`refuse ${idle} not_expected`);
  });

  it('does not wait for a client that cannot answer', () => {
    const bench = training().tell(update('a'), update('b'));
    bench.look();
    bench.tell({ kind: 'failed', clientId: 'c', round: 0, code: 'training_diverged' });
    expect(bench.look()).toEqual(['note', 'compute close a0,b0']);
  });
});

describe('coming and going', () => {
  it('waits for a lost client until its time is up', () => {
    const bench = training().tell(update('a'), update('b'), { kind: 'lost', clientId: 'c' });
    expect(bench.look().at(-1)).toBe('startReturnTimer');
    expect(bench.tell({ kind: 'returnTimeout', clientId: 'c' }).look()).toEqual([
      'note',
      'compute close a0,b0',
    ]);
  });

  it('gives a client that comes back its work again, under its old identity', () => {
    const bench = training().tell({ kind: 'lost', clientId: 'b' });
    bench.look();
    bench.tell(join('x', null, 't-b'), admit('b'));
    expect(bench.look()).toEqual(['seat b at 1', 'admit', 'ask b train']);
    expect(bench.tell({ kind: 'returnTimeout', clientId: 'b' }).look()).toEqual([]);
  });

  it('gives the part of a client that is away to one that asks for it', () => {
    const bench = training().tell({ kind: 'lost', clientId: 'b' });
    bench.look();
    expect(bench.tell(join('x', 1), admit('b')).look()).toEqual(['seat b at 1', 'admit', 'ask b train']);
  });

  it('takes a newcomer in at once when nobody is left to wait for', () => {
    const bench = training().tell(
      { kind: 'left', clientId: 'a' },
      { kind: 'left', clientId: 'b' },
      { kind: 'left', clientId: 'c' },
    );
    bench.look();
    expect(bench.tell(join('d'), admit('d')).look()).toEqual([
      'seat d at 3',
      'admit',
      'note',
      'startDeadline',
      'ask d train',
    ]);
  });
});

describe('selection', () => {
  const answer = (clientId: string, phase: 'moments' | 'losses'): CoordinatorEvent => ({
    kind: 'answer',
    clientId,
    phase,
    round: 0,
    payload: `${clientId}-${phase}`,
  });

  it('asks for moments, merges, asks those who answered for losses, chooses, trains', () => {
    const bench = training({ selects: true });
    expect(bench.state.phase).toBe('moments');
    bench.tell(answer('a', 'moments'), answer('c', 'moments'), deadline(bench));
    expect(bench.look().at(-1)).toBe('compute merge a-moments,c-moments');
    bench.tell({ kind: 'computed', phase: 'merge', mask: null });
    expect(bench.look().slice(1)).toEqual(['ask a poolMoments', 'ask c poolMoments']);
    bench.tell(answer('c', 'losses'), answer('a', 'losses'));
    expect(bench.look().at(-1)).toBe('compute choose a-losses,c-losses');
    expect(bench.tell({ kind: 'computed', phase: 'choose', mask: null }).state.phase).toBe('train');
  });

  it('begins anew when too few of those whose statistics were merged give losses', () => {
    const bench = training({ selects: true });
    bench.tell(answer('a', 'moments'), answer('b', 'moments'), answer('c', 'moments'));
    bench.tell({ kind: 'computed', phase: 'merge', mask: null }, answer('a', 'losses'));
    bench.look();
    expect(bench.tell(deadline(bench)).look()).toEqual([
      'note',
      'discard a-losses',
      'startDeadline',
      'ask a pool',
      'ask b pool',
      'ask c pool',
    ]);
  });
});

describe('the end', () => {
  it('tells everybody and finishes after the last round', () => {
    const bench = training({ rounds: 1 }).tell(update('a'), update('b'), update('c'));
    bench.look();
    expect(bench.tell(closed).look()).toEqual(['ask a finish', 'ask b finish', 'ask c finish', 'finish']);
    expect(bench.tell(join('d')).look()).toEqual(['turn away stopped']);
  });

  it('asks the clients for the last evaluation where there is no server test set', () => {
    const bench = training({ rounds: 1, evaluatesOnClients: true }).tell(
      update('a'),
      update('b'),
      update('c'),
      closed,
    );
    expect(bench.state.phase).toBe('evaluate');
    bench.tell({ kind: 'answer', clientId: 'a', phase: 'evaluate', round: 1, payload: 'e' });
    bench.look();
    expect(bench.tell(deadline(bench)).look()).toEqual(['finish']);
  });

  it('finishes what it computes when stopped, so that no accepted update is lost', () => {
    const bench = training().tell(update('a'), update('b'), update('c'), { kind: 'stop', reason: 'Ctrl-C' });
    expect(bench.state.phase).toBe('close');
    bench.look();
    expect(bench.tell(closed).look()).toEqual(['finish']);
    expect(bench.state.round).toBe(1);
  });

  it('counts adjustments, not rounds', () => {
    const bench = training({ rounds: 4, adjustmentRounds: [1, 3] });
    const asked: (Adjustment | null)[] = [];
    for (let round = 0; round < 4; round++) {
      bench.tell(update('a', round), update('b', round), update('c', round));
      asked.push(
        ...bench.effects.flatMap((effect) => (effect.kind === 'compute' ? [effect.adjustment] : [])),
      );
      bench.look();
      bench.tell(closed);
    }
    expect(asked).toEqual([null, { number: 0, due: 1 }, null, { number: 1, due: 3 }]);
  });
});
