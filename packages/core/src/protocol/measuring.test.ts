import { describe, expect, it } from '@jest/globals';
import { CoordinatorBench, PLAIN_CONFIG } from '../testing/coordinator-bench.js';
import type { CoordinatorConfig, CoordinatorEffect } from './coordinator-state.js';

/** Three clients with the first round behind them; the open step asks them to measure its model. */
function measuring(overrides: Partial<CoordinatorConfig> = {}): CoordinatorBench {
  const bench = new CoordinatorBench({ ...PLAIN_CONFIG, measures: true, ...overrides }).gather();
  trainRound(bench);
  return bench;
}

function trainRound(bench: CoordinatorBench): readonly CoordinatorEffect[] {
  for (const part of [0, 1, 2]) bench.answer(part);
  return bench.computed();
}

function measured(bench: CoordinatorBench, part: number): readonly CoordinatorEffect[] {
  const { round } = bench.state;
  return bench.tell({
    kind: 'answer',
    clientId: `client${part}`,
    phase: 'measure',
    round,
    payload: `m${part}-${round}`,
  });
}

function settled(bench: CoordinatorBench): readonly CoordinatorEffect[] {
  return bench.tell({ kind: 'computed', phase: 'settle', mask: null });
}

/** `0 measure` for a request to the client of part 0; other effects by their kind. */
function brief(effects: readonly CoordinatorEffect[]): string[] {
  return effects
    .filter(({ kind }) => kind !== 'startDeadline' && kind !== 'accept')
    .map((effect) => {
      if (effect.kind === 'ask') return `${effect.clientId.slice(-1)} ${effect.request.kind}`;
      return effect.kind === 'compute' ? `compute ${effect.phase} of ${effect.answers.length}` : effect.kind;
    });
}

describe('a round whose model is measured first', () => {
  it('asks the cohort to measure, then to train', () => {
    const bench = new CoordinatorBench({ ...PLAIN_CONFIG, measures: true }).gather();
    expect(bench.state.phase).toBe('train');
    expect(brief(trainRound(bench))).toEqual(['0 measure', '1 measure', '2 measure']);
    expect(bench.state).toMatchObject({ phase: 'measure', round: 1 });
    measured(bench, 1);
    measured(bench, 2);
    expect(brief(measured(bench, 0))).toEqual(['compute settle of 3']);
    expect(brief(settled(bench))).toEqual(['0 train', '1 train', '2 train']);
    expect(bench.state).toMatchObject({ phase: 'train', round: 1 });
  });

  it('lets the clients of a round measure that will train in it', () => {
    const config = { ...PLAIN_CONFIG, measures: true, clientsPerRound: 2, quorum: 1 };
    const bench = new CoordinatorBench(config).gather();
    for (const clientId of bench.state.step.cohort) bench.answer(Number(clientId.slice(-1)));
    bench.computed();
    const { cohort } = bench.state.step;
    for (const clientId of cohort) measured(bench, Number(clientId.slice(-1)));
    settled(bench);
    expect(cohort).toHaveLength(2);
    expect(bench.state.step.cohort).toEqual(cohort);
  });

  it('does not ask who did not measure in time to train, so that its silence costs one deadline', () => {
    const bench = measuring();
    measured(bench, 0);
    measured(bench, 2);
    bench.tell({ kind: 'deadline', step: bench.state.step.id });
    expect(brief(settled(bench))).toEqual(['0 train', '2 train']);
  });

  it('lets who hangs while it should measure rest as if it had not trained', () => {
    const bench = measuring({ restAfter: 1 });
    measured(bench, 0);
    measured(bench, 2);
    bench.tell({ kind: 'deadline', step: bench.state.step.id });
    expect(bench.state.seats.get('client1')).toMatchObject({ absences: 1, restUntil: 3 });
    expect(bench.state.seats.get('client0')).toMatchObject({ absences: 0 });
  });

  it('waits for a quorum', () => {
    const bench = measuring();
    measured(bench, 0);
    bench.tell({ kind: 'deadline', step: bench.state.step.id });
    expect(bench.state.phase).toBe('measure');
  });

  it('takes no measurement of another round, or twice', () => {
    const bench = measuring();
    measured(bench, 0);
    expect(measured(bench, 0)).toContainEqual(expect.objectContaining({ kind: 'refuse', code: 'duplicate' }));
    expect(
      bench.tell({ kind: 'answer', clientId: 'client1', phase: 'measure', round: 0, payload: 'old' }),
    ).toContainEqual(expect.objectContaining({ kind: 'refuse', code: 'late' }));
  });

  it('asks only clients that carry the whole mask, where there are any', () => {
    const bench = new CoordinatorBench({ ...PLAIN_CONFIG, measures: true });
    bench.tell({ kind: 'prepared' });
    for (const [part, share] of [1, 0.5, 1].entries()) {
      bench.tell({
        ...{ kind: 'join', connection: `c${part}`, newClientId: `client${part}`, newReturnToken: `t${part}` },
        ...{ shownReturnToken: null, part, name: `part ${part}`, samples: 5, share },
      });
      bench.tell({ kind: 'canary', clientId: `client${part}`, problem: null });
    }
    expect(brief(trainRound(bench))).toEqual(['0 measure', '2 measure']);
    measured(bench, 0);
    measured(bench, 2);
    expect(brief(settled(bench))).toEqual(['0 train', '1 train', '2 train']);
  });
});

describe('the last model', () => {
  const last = { rounds: 1, clientsPerRound: 2, quorum: 1 };

  it('is measured by everybody, then told', () => {
    const bench = new CoordinatorBench({ ...PLAIN_CONFIG, measures: true, ...last }).gather();
    for (const clientId of bench.state.step.cohort) bench.answer(Number(clientId.slice(-1)));
    expect(brief(bench.computed())).toEqual(['0 measure', '1 measure', '2 measure']);
    for (const part of [0, 1, 2]) measured(bench, part);
    expect(brief(settled(bench))).toEqual(['0 finish', '1 finish', '2 finish', 'finish']);
  });

  it.each([
    [0, 'compute settle of 0'],
    [1, 'compute settle of 1'],
  ])('waits no longer than its deadline: %p came', (answers, expected) => {
    const bench = measuring({ rounds: 1 });
    for (let part = 0; part < answers; part++) measured(bench, part);
    expect(brief(bench.tell({ kind: 'deadline', step: bench.state.step.id }))).toEqual([expected]);
  });

  it('is measured where there are no rounds at all', () => {
    const bench = new CoordinatorBench({ ...PLAIN_CONFIG, measures: true, rounds: 0 }).gather();
    expect(bench.state).toMatchObject({ phase: 'measure', round: 0 });
  });
});

describe('a run that is told to stop', () => {
  const stop = { kind: 'stop', reason: 'enough' } as const;

  it('measures the model that it closes, and being told again ends that', () => {
    const bench = new CoordinatorBench({ ...PLAIN_CONFIG, measures: true }).gather();
    for (const part of [0, 1, 2]) bench.answer(part);
    bench.tell(stop);
    expect(brief(bench.computed())).toEqual(['0 measure', '1 measure', '2 measure']);
    expect(brief(bench.tell(stop))).toEqual(['note', 'finish']);
  });

  it('lets a measurement under way come to its end', () => {
    const bench = measuring();
    expect(brief(bench.tell(stop))).toEqual(['note']);
    for (const part of [0, 1]) measured(bench, part);
    expect(brief(measured(bench, 2))).toEqual(['compute settle of 3']);
    expect(brief(settled(bench))).toEqual(['finish']);
  });

  it('does not wait for clients that are gone', () => {
    const bench = measuring();
    for (const part of [0, 1, 2]) bench.tell({ kind: 'left', clientId: `client${part}` });
    expect(brief(bench.tell(stop))).toEqual(['note', 'compute settle of 0']);
  });

  it('ends at once while clients train: the model that they were sent is measured', () => {
    const bench = measuring();
    for (const part of [0, 1, 2]) measured(bench, part);
    settled(bench);
    expect(brief(bench.tell(stop))).toEqual(['note', 'finish']);
  });
});
