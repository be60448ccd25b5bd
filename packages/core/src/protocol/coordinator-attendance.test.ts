import { describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../errors.js';
import { CoordinatorBench, PLAIN_CONFIG } from '../testing/coordinator-bench.js';
import type { CoordinatorEffect } from './coordinator-state.js';

const notes = (effects: readonly CoordinatorEffect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === 'note' ? [effect.message] : []));

describe('a client that leaves rounds unanswered', () => {
  const config = {
    ...PLAIN_CONFIG,
    numClients: 4,
    clientsPerRound: 4,
    quorum: 0.25,
    rounds: 40,
    restAfter: 2,
  };
  const asksPart3 = (bench: CoordinatorBench): boolean => bench.state.step.cohort.includes('client3');
  const roundWithout3 = (bench: CoordinatorBench): readonly CoordinatorEffect[] => {
    for (const part of [0, 1, 2]) bench.answer(part);
    return asksPart3(bench) ? bench.closeByDeadline() : bench.computed();
  };

  it('rests after two, for 1, 2, 4 … rounds, and at most 32', () => {
    const bench = new CoordinatorBench({ ...config, rounds: 200 }).gather();
    const asked: number[] = [];
    while (bench.state.phase !== 'finished') {
      if (asksPart3(bench)) asked.push(bench.state.round);
      roundWithout3(bench);
    }
    const gaps = asked.slice(1).map((round, i) => round - asked[i]! - 1);
    expect(gaps).toEqual([0, 1, 2, 4, 8, 16, 32, 32, 32, 32]);
  });

  it('is named when it goes to rest, and asked as before once it answers', () => {
    const bench = new CoordinatorBench(config).gather();
    roundWithout3(bench);
    expect(notes(roundWithout3(bench))).toEqual([
      'client part 4 left 2 rounds unanswered: it rests until round 3',
    ]);
    expect(asksPart3(bench)).toBe(false);
    roundWithout3(bench);
    expect(asksPart3(bench)).toBe(true);
    for (const part of [0, 1, 2, 3]) bench.answer(part);
    bench.computed();
    expect(bench.state.seats.get('client3')).toMatchObject({ absences: 0, restUntil: 0 });
    expect(asksPart3(bench)).toBe(true);
  });

  it('does not rest where it is needed, or where nobody is to rest', () => {
    for (const special of [{ quorum: 1 }, { restAfter: 0 }]) {
      const bench = new CoordinatorBench({ ...config, ...special }).gather();
      for (let round = 0; round < 5; round++) {
        for (const part of [0, 1, 2]) bench.answer(part);
        bench.tell({ kind: 'deadline', step: bench.state.step.id });
        bench.answer(3);
        if (bench.state.phase === 'close') bench.computed();
        expect(asksPart3(bench)).toBe(true);
      }
    }
  });
});

describe('a client whose answers are refused', () => {
  const config = { ...PLAIN_CONFIG, refusalLimit: 3 };
  const reject = (bench: CoordinatorBench, code: ErrorCode = 'not_finite'): readonly CoordinatorEffect[] =>
    bench.tell({ kind: 'rejected', clientId: 'client1', round: bench.state.round, code });

  it('is excluded at the third in a row, and turned away when it comes back', () => {
    const bench = new CoordinatorBench(config).gather();
    reject(bench);
    reject(bench);
    expect(bench.state.seats.get('client1')).toMatchObject({ strikes: 2, excluded: false });
    const effects = reject(bench);
    expect(notes(effects)).toContain('client part 2 (part 2) is excluded: 3 answers in a row were refused');
    expect(effects).toContainEqual(
      expect.objectContaining({ kind: 'refuse', clientId: 'client1', code: 'excluded', fatal: true }),
    );
    expect(bench.join(1)).toEqual([expect.objectContaining({ kind: 'refuseConnection', code: 'excluded' })]);
    expect(bench.state.seats.get('client1')?.presence).toBe('gone');
  });

  it('is not waited for: the others finish the job', () => {
    const bench = new CoordinatorBench(config).gather();
    for (let i = 0; i < 3; i++) reject(bench);
    for (let round = 0; round < config.rounds; round++) {
      bench.answer(0);
      bench.answer(2);
      bench.computed();
    }
    expect(bench.state.phase).toBe('finished');
  });

  it('is forgiven by an answer that is accepted, and not blamed for what is not its fault', () => {
    const bench = new CoordinatorBench(config).gather();
    reject(bench);
    reject(bench);
    bench.answer(1);
    expect(bench.state.seats.get('client1')?.strikes).toBe(0);
    for (let i = 0; i < 9; i++) reject(bench, 'mask_mismatch');
    expect(bench.state.seats.get('client1')?.strikes).toBe(0);
    const lenient = new CoordinatorBench({ ...config, refusalLimit: 0 }).gather();
    for (let i = 0; i < 9; i++) reject(lenient);
    expect(lenient.state.seats.get('client1')?.excluded).toBe(false);
  });
});

describe('an adjustment without its quorum', () => {
  const config = {
    ...PLAIN_CONFIG,
    quorum: 0.3,
    adjustmentQuorum: 1,
    rounds: 6,
    adjustmentRounds: [1, 2],
  };
  const adjustments = (effects: readonly CoordinatorEffect[]) =>
    effects.flatMap((effect) => (effect.kind === 'compute' ? [effect.adjustment] : []));
  const round = (bench: CoordinatorBench, parts: readonly number[]) => {
    const effects = parts.flatMap((part) => bench.answer(part));
    return [...effects, ...bench.closeByDeadline()];
  };

  it('waits for the next round with its own size, and everything after it waits too', () => {
    const bench = new CoordinatorBench(config).gather();
    expect(adjustments(round(bench, [0, 1, 2]))).toEqual([null]);
    const short = round(bench, [0, 1]);
    expect(adjustments(short)).toEqual([null]);
    expect(notes(short)).toContain(
      '2 answers are too few to change the mask in round 1: the adjustment waits for the next round',
    );
    expect(bench.state.postponed).toEqual([1]);
    expect(adjustments(round(bench, [0, 1, 2]))).toEqual([{ number: 0, due: 1 }]);
    expect(bench.state.postponed).toEqual([2]);
    expect(adjustments(round(bench, [0, 1, 2]))).toEqual([{ number: 1, due: 2 }]);
    expect(bench.state).toMatchObject({ postponed: [], adjustments: 2 });
    expect(adjustments(round(bench, [0, 1, 2]))).toEqual([null]);
  });
});
