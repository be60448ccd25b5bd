import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parseJob } from '@espalier/server';
import { noStore, type RoundMetrics } from '@espalier/server/coordinator';
import type { TrainerPool } from '../pool/trainer-pool.js';
import { simulate } from '../simulate.js';
import { localPool } from '../testing/tiny.js';
import { Timeline } from '../timeline/timeline.js';

const ROUNDS = 3;
const COHORT = 5;

let pool: TrainerPool;
beforeAll(async () => {
  pool = await localPool(1);
});
afterAll(() => pool.dispose());
afterEach(() => {
  jest.restoreAllMocks();
});

const jobOf = (clients: number) =>
  parseJob(`
name: fleet
method: fedavg
model: { name: mlp }
data: { kind: procedural, numClasses: 2, samplesPerClass: ${clients}, testSamplesPerClass: 2 }
imageSize: 8
partition: { kind: iid }
numClients: ${clients}
clientsPerRound: ${COHORT}
rounds: ${ROUNDS}
batchSize: 4
pretrain: { epochs: 0, samplesPerClass: 0 }
`);

interface RoundWork {
  /** Frames, timers and pieces of work, in the order they happened. */
  readonly events: number;
  /** Calls of a trainer. */
  readonly calls: number;
  readonly senders: number;
  readonly bytesUp: number;
}

/** Measures the work of each round after the first, whose start cannot be separated from joining. */
async function workPerRound(clients: number): Promise<readonly RoundWork[]> {
  const plan = jest.spyOn(Timeline.prototype, 'plan');
  const use = jest.spyOn(pool, 'use');
  const counts: { events: number; calls: number }[] = [];
  const lines: RoundMetrics[] = [];
  await simulate({
    job: jobOf(clients),
    folder: null,
    pool,
    store: {
      ...noStore,
      checkpoint: () => {
        counts.push({ events: plan.mock.calls.length, calls: use.mock.calls.length });
        return Promise.resolve();
      },
      metrics: (line) => Promise.resolve(void lines.push(line)),
    },
  });
  jest.restoreAllMocks();
  return counts.slice(1).map(({ events, calls }, i) => ({
    events: events - counts[i]!.events,
    calls: calls - counts[i]!.calls,
    senders: Object.keys(lines[i + 1]!.bytes.upPerClient).length,
    bytesUp: lines[i + 1]!.bytes.up,
  }));
}

describe('a larger fleet', () => {
  it('makes no round more work: with as many in the cohort it is the same for 100 and for 1,000', async () => {
    const small = await workPerRound(100);
    const large = await workPerRound(1000);

    expect(large).toEqual(small);
    expect(small).toHaveLength(ROUNDS - 1);
    for (const { senders, calls, events } of small) {
      expect(senders).toBe(COHORT);
      // An evaluation beside the cohort's training.
      expect(calls).toBe(COHORT + 1);
      expect(events).toBeGreaterThanOrEqual(3 * COHORT);
    }
  });
});
