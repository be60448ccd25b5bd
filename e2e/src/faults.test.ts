import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JournalEntry } from '@espalier/core/protocol';
import { StateFolder } from '@espalier/server';
import fc from 'fast-check';
import { clean, scratchFolder } from './support/crashing.js';
import { runFaulty, type FaultyResult, type WatchedJournal } from './support/faults/faulty-run.js';
import { kills, readScenario, scenarios, type Scenario } from './support/faults/scenario.js';

/**
 * `npm run faults -- --runs <n> --seed <n>` draws more of them; a failing one is shrunk and printed with its seed and
 * path, which replay it.
 */
const RUNS = Number(process.env['ESPALIER_FAULT_RUNS'] ?? 40);
const SEED = Number(process.env['ESPALIER_FAULT_SEED'] ?? 20261120);
const PATH = process.env['ESPALIER_FAULT_PATH'];

const calm: Scenario = { quorum: 1, clients: 3, rounds: 4, faults: [] };

let parent: string;
let whole: FaultyResult;
beforeAll(async () => {
  parent = await scratchFolder();
  whole = await runFaulty(calm);
});
afterAll(() => clean(parent));

describe('a job under faults, over real wire bytes in virtual time', () => {
  it('ends; no accepted update is lost or counts twice; the model is that of the accepted updates', async () => {
    let lives = 0;
    await fc.assert(
      fc.asyncProperty(scenarios(), async (scenario) => {
        const run = await runFaulty(scenario);
        lives += run.lives;
        await checkRun(scenario, run);
      }),
      { numRuns: RUNS, seed: SEED, ...(PATH === undefined ? {} : { path: PATH }) },
    );
    // Faults that never strike would prove nothing.
    if (PATH === undefined) expect(lives).toBeGreaterThan(1.2 * RUNS);
  }, 3_600_000);

  it('does the same over the store on disk', async () => {
    let folder = 0;
    await fc.assert(
      fc.asyncProperty(scenarios(), async (scenario) => {
        const state = await StateFolder.open(join(parent, String(folder++)), { keepUpdates: false });
        try {
          const run = await runFaulty(scenario, { journal: watched(state) });
          await checkRun(scenario, run);
        } finally {
          await state.close();
        }
      }),
      { numRuns: Math.ceil(RUNS / 8), seed: SEED + 1 },
    );
  }, 3_600_000);

  it('counts everybody in every round at the default quorum, where processes are only killed', async () => {
    await fc.assert(
      fc.asyncProperty(kills(), async (scenario) => {
        const run = await runFaulty(scenario);
        for (const phase of ['train', 'measure'] as const) {
          const parts = [...acceptedParts(run.entries, phase).values()].map((each) => [...each].sort());
          expect(parts).toEqual(Array.from({ length: scenario.rounds }, () => [0, 1, 2]));
        }
        await checkRun(scenario, run);
      }),
      { numRuns: Math.ceil(RUNS / 4), seed: SEED + 2 },
    );
  }, 3_600_000);

  it.each(['restarts', 'bad-lines', 'frozen'])('%s.json, cut short', async (name) => {
    const file = readScenario(join(__dirname, '../scenarios', `${name}.json`));
    const scenario = { ...file, rounds: calm.rounds };
    const run = await runFaulty(scenario);
    expect(run.seconds).toBeGreaterThan(whole.seconds);
    await checkRun(scenario, run);
  });

  it('is the same run each time for the same scenario', async () => {
    const [scenario] = fc.sample(scenarios(), { seed: 7, numRuns: 1 });
    const [one, two] = [await runFaulty(scenario!), await runFaulty(scenario!)];
    expect(two.entries).toEqual(one.entries);
    expect(two.seconds).toBe(one.seconds);
  });
});

async function checkRun(scenario: Scenario, run: FaultyResult): Promise<void> {
  const { summary } = run.result;
  expect(summary.rounds).toBe(scenario.rounds);
  const accepted = acceptedParts(run.entries);
  // A part that answers twice in a round would weigh double.
  for (const parts of accepted.values()) expect(new Set(parts).size).toBe(parts.length);
  expect(summary.model.hash).toBe((await expected(scenario, accepted)).result.summary.model.hash);
  // The open step bounds the data kept, whatever happened: a model, a pool, its moments, one answer each.
  expect(run.mostBlobs).toBeLessThanOrEqual(4 * (3 + scenario.clients));
}

/** The run in which the same clients took part in the same rounds and nothing went wrong. */
async function expected(
  scenario: Scenario,
  accepted: ReadonlyMap<number, readonly number[]>,
): Promise<FaultyResult> {
  if (scenario.quorum === 1) return whole;
  const order = [...accepted].map(([round, parts]) => [round, [...parts].sort()]);
  const key = JSON.stringify([scenario.clients, scenario.rounds, scenario.model, order]);
  const known = undisturbed.get(key) ?? (await runUndisturbed(scenario, accepted));
  undisturbed.set(key, known);
  return known;
}

/** By who took part in which round: many schedules leave the same clients. */
const undisturbed = new Map<string, FaultyResult>();

async function runUndisturbed(
  scenario: Scenario,
  accepted: ReadonlyMap<number, readonly number[]>,
): Promise<FaultyResult> {
  const takesPart = (part: number, round: number): boolean => accepted.get(round)?.includes(part) ?? true;
  const run = await runFaulty({ ...scenario, faults: [] }, { takesPart });
  expect([...acceptedParts(run.entries)].map(([round, parts]) => [round, [...parts].sort()])).toEqual(
    [...accepted].map(([round, parts]) => [round, [...parts].sort()]),
  );
  return run;
}

/** Parts of the accepted updates, or measurements, by round, as the journal has them. */
function acceptedParts(
  entries: readonly JournalEntry[],
  phase: 'train' | 'measure' = 'train',
): ReadonlyMap<number, readonly number[]> {
  const parts = new Map<string, number>();
  const rounds = new Map<number, number[]>();
  for (const { event } of entries) {
    if (event.kind === 'join' && event.part !== null) parts.set(event.newClientId, event.part);
    if (event.kind !== 'answer' || event.phase !== phase) continue;
    const part = partOf(event.clientId, parts);
    rounds.set(event.round, [...(rounds.get(event.round) ?? []), part]);
  }
  return rounds;
}

/** A client that comes back, with its token or by its part, keeps the id it was given first. */
function partOf(clientId: string, parts: ReadonlyMap<string, number>): number {
  const part = parts.get(clientId);
  if (part === undefined) throw new Error(`${clientId} never joined`);
  return part;
}

function watched(state: StateFolder): WatchedJournal {
  const entries: JournalEntry[] = [];
  return {
    entries,
    mostBlobs: 0,
    recover: () => state.recover(),
    keep: (bytes, sha256) => state.keep(bytes, sha256),
    read: (name, pool) => state.read(name, pool),
    commit: (batch) => {
      entries.push(...batch.entries);
      state.commit(batch);
    },
  };
}
