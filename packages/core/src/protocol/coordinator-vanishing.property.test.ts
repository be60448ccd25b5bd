import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomStream, shuffled, type RandomStream } from '../random/stream.js';
import { CoordinatorBench, PLAIN_CONFIG } from '../testing/coordinator-bench.js';
import type { CoordinatorConfig, CoordinatorEffect } from './coordinator-state.js';
import { writeState } from './stored-state.js';

const config: CoordinatorConfig = {
  ...PLAIN_CONFIG,
  numClients: 20,
  clientsPerRound: 20,
  rounds: 15,
  quorum: 0.25,
  adjustmentRounds: [3, 6, 9],
  adjustmentQuorum: 0.3,
  restAfter: 2,
  refusalLimit: 3,
};
/** Share of a cohort that disappears in a round. */
const VANISHING = 0.4;
const DUPLICATED = 0.1;

interface Due {
  readonly at: number;
  readonly act: () => readonly CoordinatorEffect[];
}

/** A job in virtual time with clients that come, go, stall and repeat themselves. */
class World {
  readonly bench = new CoordinatorBench(config);
  /** Seconds each round took. */
  readonly durations: number[] = [];
  readonly sizes: number[] = [];
  readonly counted: string[] = [];
  readonly #random: RandomStream;
  #queue: Due[] = [];
  #now = 0;
  #roundBegan = 0;
  #vanishing: ReadonlySet<string> = new Set();

  constructor(seed: number) {
    this.#random = randomStream({ seed, purpose: 'vanishing' });
  }

  run(): this {
    this.bench.tell({ kind: 'prepared' });
    for (let part = 0; part < config.numClients; part++) this.#do(() => this.bench.join(part));
    for (let steps = 0; this.bench.state.phase !== 'finished' && steps < 20_000; steps++) {
      this.#queue.sort((a, b) => a.at - b.at);
      const next = this.#queue.shift();
      if (!next) break;
      this.#now = next.at;
      this.#do(next.act);
    }
    return this;
  }

  #do(act: () => readonly CoordinatorEffect[]): void {
    for (const effect of act()) this.#perform(effect);
  }

  #later(seconds: number, act: () => readonly CoordinatorEffect[]): void {
    this.#queue.push({ at: this.#now + seconds, act });
  }

  #perform(effect: CoordinatorEffect): void {
    switch (effect.kind) {
      case 'startDeadline':
        this.#draw();
        this.#later(effect.seconds, () => this.bench.tell({ kind: 'deadline', step: effect.step }));
        return;
      case 'startReturnTimer':
        this.#later(effect.seconds, () =>
          this.bench.tell({ kind: 'returnTimeout', clientId: effect.clientId }),
        );
        return;
      case 'ask':
        this.#asked(Number(effect.clientId.slice('client'.length)));
        return;
      case 'compute':
        this.counted.push(...effect.answers.map(({ payload }) => payload));
        this.durations.push(this.#now - this.#roundBegan);
        this.sizes.push(writeState(this.bench.state).length);
        this.#later(0, () => this.bench.computed());
        this.#roundBegan = this.#now;
        return;
    }
  }

  /** Draws the clients that disappear in the step that has just been opened. */
  #draw(): void {
    const { cohort } = this.bench.state.step;
    this.#vanishing = new Set(shuffled(cohort, this.#random).slice(0, Math.floor(VANISHING * cohort.length)));
  }

  #asked(part: number): void {
    const { round } = this.bench.state;
    const delay = this.#random.uniform() * config.roundTimeout * 0.9;
    if (this.#vanishing.has(`client${part}`)) {
      this.#vanish(part, delay);
      return;
    }
    this.#later(delay, () => this.bench.answer(part, round));
    // A copy may come at any time, also when its round is long over.
    if (this.#random.uniform() < DUPLICATED) {
      this.#later(delay + this.#random.uniform() * 3 * config.roundTimeout, () =>
        this.bench.answer(part, round),
      );
    }
  }

  /** Half of them lose their connection and come back some time, the others only fall silent. */
  #vanish(part: number, delay: number): void {
    const { round } = this.bench.state;
    if (this.#random.uniform() < 0.5) {
      this.#later(3 * config.roundTimeout, () => this.bench.answer(part, round));
      return;
    }
    this.#later(delay, () => this.bench.tell({ kind: 'lost', clientId: `client${part}` }));
    this.#later(delay + this.#random.uniform() * config.roundTimeout, () => this.bench.join(part));
  }
}

describe('with 40 % of the cohort disappearing in every round', () => {
  it('the job ends, every round closes by its deadline, nothing counts twice, and the state does not grow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const { bench, durations, sizes, counted } = new World(seed).run();
        expect(bench.state).toMatchObject({ phase: 'finished', round: config.rounds });
        expect(Math.max(...durations)).toBeLessThanOrEqual(config.roundTimeout + 1);
        expect(new Set(counted).size).toBe(counted.length);
        expect(bench.state.adjustments + bench.state.postponed.length).toBe(config.adjustmentRounds.length);
        const early = Math.max(...sizes.slice(0, 5));
        expect(Math.max(...sizes)).toBeLessThan(1.2 * early);
      }),
      { seed: 20261120, numRuns: 60 },
    );
  });
});
