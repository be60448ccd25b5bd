import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CoordinatorBench, PLAIN_CONFIG } from '../testing/coordinator-bench.js';
import type { CoordinatorConfig, CoordinatorEffect, CoordinatorEvent } from './coordinator-state.js';
import { deadlineAfter, rearm, replayStart } from './replay.js';
import { readState, writeState } from './stored-state.js';

/** The default quorum; no deadline ever passes, so that only the return time can end the waiting. */
const PATIENT: CoordinatorConfig = {
  ...PLAIN_CONFIG,
  quorum: 0.5,
  joinTimeout: 10_000,
  roundTimeout: 10_000,
  returnTimeout: 30,
};

const CONFIGS: readonly (readonly [string, CoordinatorConfig])[] = [
  ['everybody in every round', PATIENT],
  ['a selection first, an evaluation last', { ...PATIENT, selects: true, evaluatesOnClients: true }],
  ['three of five drawn in each round', { ...PATIENT, numClients: 5, clientsPerRound: 3 }],
];

/**
 * The coordinator, or a part's client, is killed; clients that were connected are back that many seconds
 * later.
 */
interface Kill {
  readonly at: number;
  readonly who: 'coordinator' | number;
  readonly back: number;
}

interface Due {
  readonly at: number;
  readonly act: () => void;
}

/** A job in virtual time whose processes are killed and started again. */
class World {
  /** Clients whose answers were computed with, by what was computed. */
  readonly counted: Record<string, readonly string[]> = {};
  readonly #config: CoordinatorConfig;
  #bench: CoordinatorBench;
  #deadline;
  #queue: Due[] = [];
  #now = 0;
  #life = 0;
  /** The part's present connection; what belongs to an older one is lost. */
  readonly #connections: number[];

  constructor(config: CoordinatorConfig, kills: readonly Kill[]) {
    this.#config = config;
    this.#bench = new CoordinatorBench(config);
    this.#deadline = replayStart(config).deadline;
    this.#connections = Array.from({ length: config.numClients }, () => 0);
    for (const kill of kills)
      this.#later(kill.at, () => {
        this.#strike(kill);
      });
  }

  run(): this {
    this.#tell({ kind: 'prepared' });
    for (const part of this.#connections.keys()) this.#connect(part, 0);
    for (let steps = 0; this.#bench.state.phase !== 'finished' && steps < 5000; steps++) {
      this.#queue.sort((a, b) => a.at - b.at);
      const next = this.#queue.shift();
      if (!next) break;
      this.#now = next.at;
      next.act();
    }
    return this;
  }

  get end(): unknown {
    const { phase, round } = this.#bench.state;
    return { phase, round, counted: this.counted };
  }

  #strike({ who, back }: Kill): void {
    if (who === 'coordinator') {
      this.#restart(back);
      return;
    }
    // Killed twice before it is back, it would be away for longer than it says.
    if (this.#bench.state.seats.get(`client${who}`)?.presence !== 'present') return;
    this.#connect(who, back);
    this.#tell({ kind: 'lost', clientId: `client${who}` });
  }

  /** Acts like a coordinator that resumes the run: see the shell's. */
  #restart(back: number): void {
    this.#life++;
    const state = readState(writeState(this.#bench.state));
    this.#bench = new CoordinatorBench(this.#config);
    this.#bench.state = state;
    this.#perform(rearm(this.#config, { state, deadline: this.#deadline, at: this.#now }));
    for (const { clientId, presence } of state.seats.values()) {
      if (presence === 'present') this.#tell({ kind: 'lost', clientId });
    }
    // One after the other, the last at the end of the time.
    for (const part of this.#connections.keys())
      this.#connect(part, (back * (part + 1)) / this.#connections.length);
  }

  #connect(part: number, after: number): void {
    const clientId = `client${part}`;
    const connection = (this.#connections[part] ?? 0) + 1;
    this.#connections[part] = connection;
    this.#later(after, () => {
      if (this.#connections[part] !== connection) return;
      const shownReturnToken = this.#bench.state.seats.get(clientId)?.returnToken ?? null;
      const names = { newClientId: clientId, newReturnToken: `return${part}`, name: `part ${part + 1}` };
      const who = { connection: `${part}-${connection}`, ...names, part, samples: 5 };
      this.#tell({ kind: 'join', ...who, shownReturnToken });
      this.#onConnection(part, 0.5, () => {
        this.#tell({ kind: 'canary', clientId, problem: null });
      });
    });
  }

  #later(seconds: number, act: () => void): void {
    this.#queue.push({ at: this.#now + seconds, act });
  }

  #onConnection(part: number, seconds: number, act: () => void): void {
    const connection = this.#connections[part];
    this.#later(seconds, () => {
      if (this.#connections[part] === connection) act();
    });
  }

  /** Dies with the coordinator that it was planned by. */
  #inThisLife(seconds: number, event: CoordinatorEvent): void {
    const life = this.#life;
    this.#later(seconds, () => {
      if (this.#life === life) this.#tell(event);
    });
  }

  #tell(event: CoordinatorEvent): void {
    const effects = this.#bench.tell(event);
    this.#deadline = deadlineAfter(this.#deadline, effects, this.#now);
    this.#perform(effects);
  }

  #perform(effects: readonly CoordinatorEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'startDeadline') {
        this.#inThisLife(effect.seconds, { kind: 'deadline', step: effect.step });
      } else if (effect.kind === 'startReturnTimer') {
        const { clientId, loss } = effect;
        this.#inThisLife(effect.seconds, { kind: 'returnTimeout', clientId, loss });
      } else if (effect.kind === 'ask') {
        this.#work(effect.clientId);
      } else if (effect.kind === 'compute') {
        this.counted[`${effect.phase} ${effect.round}`] = effect.answers.map(({ clientId }) => clientId);
        this.#inThisLife(2, { kind: 'computed', phase: effect.phase, mask: null });
      } else if (effect.kind === 'finish') {
        this.counted['finish'] = effect.answers.map(({ clientId }) => clientId);
      }
    }
  }

  #work(clientId: string): void {
    const { phase, round, step } = this.#bench.state;
    if (phase !== 'moments' && phase !== 'losses' && phase !== 'train' && phase !== 'evaluate') return;
    const part = Number(clientId.slice('client'.length));
    this.#onConnection(part, 3 + part, () => {
      this.#tell({ kind: 'answer', clientId, phase, round, payload: `${step.id}@${clientId}` });
    });
  }
}

function kills(numClients: number, soonest: number, latest: number): fc.Arbitrary<readonly Kill[]> {
  const who = fc.oneof(fc.constant('coordinator' as const), fc.nat(numClients - 1));
  const back = fc.integer({ min: soonest, max: latest });
  return fc.array(fc.record({ at: fc.integer({ min: 0, max: 120 }), who, back }), { maxLength: 6 });
}

describe.each(CONFIGS)('at the default quorum, with %s', (_, config) => {
  it('kills change nothing while everybody is back within the return time', () => {
    const undisturbed = new World(config, []).run().end;
    fc.assert(
      fc.property(kills(config.numClients, 1, config.returnTimeout - 2), (some) => {
        expect(new World(config, some).run().end).toEqual(undisturbed);
      }),
      { seed: 20261128, numRuns: 150 },
    );
  });

  it('those who stay away longer end nothing: a quorum goes on without them', () => {
    fc.assert(
      fc.property(kills(config.numClients, 1, 4 * config.returnTimeout), (some) => {
        const world = new World(config, some).run();
        expect(world.end).toMatchObject({ phase: 'finished', round: config.rounds });
      }),
      { seed: 20261128, numRuns: 50 },
    );
  });
});

describe('a client whose return time has passed', () => {
  it('is no longer counted on, until it is admitted again', () => {
    const bench = new CoordinatorBench(PATIENT).gather();
    const cohorts: (readonly string[])[] = [];
    const round = (...parts: readonly number[]): void => {
      cohorts.push(bench.state.step.cohort);
      for (const part of parts) bench.answer(part);
      bench.computed();
    };
    bench.tell({ kind: 'lost', clientId: 'client2' });
    bench.answer(0);
    bench.answer(1);
    expect(bench.state.phase).toBe('train');
    bench.tell({ kind: 'returnTimeout', clientId: 'client2' });
    expect(bench.state.phase).toBe('close');
    bench.computed();
    round(0, 1);
    bench.join(2);
    cohorts.push(bench.state.step.cohort);
    expect(cohorts).toEqual([
      ['client0', 'client1'],
      ['client0', 'client1'],
    ]);
  });
});
