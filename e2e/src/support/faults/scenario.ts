import { readFileSync } from 'node:fs';
import fc from 'fast-check';

/** Whom a fault meets: the coordinator, or a client by its part. */
export type Victim = 'coordinator' | number;

/** Fault that strikes the next frame of a client's connection, in either direction. */
export type FrameFault =
  'drop' | 'duplicate' | 'reorder' | 'truncate' | 'corrupt' | 'disconnect' | 'halfOpen';

/**
 * One fault. Seconds are counted from the run's beginning: virtual ones in memory, real ones against processes
 * (`npm run chaos -- --scenario <file>`).
 */
export type Fault =
  | {
      /** `kill -9`, and started again `for` seconds later. */
      readonly kind: 'crash';
      readonly who: Victim;
      readonly at: number;
      readonly for: number;
      /**
       * Only for the coordinator in memory: the number of further steps to or from its disk after which it
       * dies.
       */
      readonly steps?: number;
    }
  | {
      /** SIGSTOP for that long. */ readonly kind: 'pause';
      readonly who: Victim;
      readonly at: number;
      readonly for: number;
    }
  | {
      /** Everything of that client takes `seconds` longer, for a while. */
      readonly kind: 'slow';
      readonly who: number;
      readonly at: number;
      readonly for: number;
      readonly seconds: number;
    }
  | {
      /** That client's clock is off by `seconds` and runs `rate` times as fast; in memory only. */
      readonly kind: 'skew';
      readonly who: number;
      readonly at: 0;
      readonly seconds: number;
      readonly rate: number;
    }
  | { readonly kind: FrameFault; readonly who: number; readonly at: number };

/** A run with its faults; one per file in `e2e/scenarios`. */
export interface Scenario {
  /** Share of the cohort that must answer; 1 makes the model independent of the faults. */
  readonly quorum: number;
  readonly clients: number;
  readonly rounds: number;
  /** The network; `mlp`, which has no moments to measure, unless given. */
  readonly model?: 'mlp' | 'cnn-small';
  readonly faults: readonly Fault[];
}

/** The scenario of a file. */
export function readScenario(file: string): Scenario {
  return JSON.parse(readFileSync(file, 'utf8')) as Scenario;
}

/** Scenarios to draw: up to twelve faults within the time that a run takes. */
export function scenarios(): fc.Arbitrary<Scenario> {
  const clients = 3;
  const at = fc.integer({ min: 0, max: 150 }).map((tenths) => tenths / 10);
  const some = fc.integer({ min: 1, max: 50 }).map((tenths) => tenths / 10);
  const who = fc.integer({ min: 0, max: clients - 1 });
  const anyone: fc.Arbitrary<Victim> = fc.oneof(fc.constant('coordinator' as const), who);
  const frameFault = fc.constantFrom<FrameFault>(
    'drop',
    'duplicate',
    'reorder',
    'truncate',
    'corrupt',
    'disconnect',
    'halfOpen',
  );
  const fault: fc.Arbitrary<Fault> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: frameFault, who, at }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('crash' as const),
        who: anyone,
        at,
        for: some,
        steps: fc.nat(12),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), who: anyone, at, for: some }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('slow' as const), who, at, for: some, seconds: some }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('skew' as const),
        who,
        at: fc.constant(0 as const),
        seconds: fc.integer({ min: -3600, max: 3600 }),
        rate: fc.constantFrom(0.5, 0.9, 1.1, 2),
      }),
    },
  );
  return fc.record({
    quorum: fc.constantFrom(1, 0.5),
    clients: fc.constant(clients),
    rounds: fc.constant(4),
    faults: fc.array(fault, { maxLength: 12 }),
  });
}

/**
 * Scenarios to draw in which nothing but `kill -9` happens, at the default quorum: every client is back in
 * time. Clients measure moments before they train.
 */
export function kills(): fc.Arbitrary<Scenario> {
  const crash = fc.record({
    kind: fc.constant('crash' as const),
    who: fc.oneof(fc.constant('coordinator' as const), fc.integer({ min: 0, max: 2 })),
    at: fc.integer({ min: 0, max: 150 }).map((tenths) => tenths / 10),
    for: fc.integer({ min: 1, max: 50 }).map((tenths) => tenths / 10),
    steps: fc.nat(12),
  });
  const faults = fc.array(crash, { minLength: 1, maxLength: 6 });
  return faults.map((each) => ({ quorum: 0.5, clients: 3, rounds: 4, model: 'cnn-small', faults: each }));
}
