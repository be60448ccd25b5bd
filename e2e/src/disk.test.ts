import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StateFolder } from '@espalier/server';
import { clean, scratchFolder } from './support/crashing.js';
import { runFaulty, type WatchedJournal } from './support/faults/faulty-run.js';
import type { Scenario } from './support/faults/scenario.js';

const calm: Scenario = { quorum: 1, clients: 3, rounds: 4, faults: [] };

let parent: string;
beforeEach(async () => {
  parent = await scratchFolder();
});
afterEach(() => clean(parent));

describe('a disk that fills up in the middle of a job', () => {
  it.each([4, 12, 20])(
    'at commit %p: the run stops with a sentence, and goes on to the same model',
    async (at) => {
      const whole = await runFaulty(calm);

      await withState(async (state) => {
        let commits = 0;
        const journal = around(state, () => {
          if (++commits === at) state.database.rows(`PRAGMA max_page_count = 1`);
        });
        await expect(runFaulty(calm, { journal })).rejects.toThrow(
          /^\[storage\] .*the disk is full: make room, then start the same command again, espalier serve with --resume$/,
        );
      });

      // Room has been made: the limit was the connection's.
      await withState(async (state) => {
        const { result } = await runFaulty(calm, { journal: around(state, () => undefined) });
        expect(result.summary.model.hash).toBe(whole.result.summary.model.hash);
        expect(result.summary.rounds).toBe(calm.rounds);
      });
    },
  );
});

async function withState(action: (state: StateFolder) => Promise<void>): Promise<void> {
  const state = await StateFolder.open(join(parent, 'state'), { keepUpdates: false });
  try {
    await action(state);
  } finally {
    await state.close();
  }
}

/** The folder's journal, with something done before every commit. */
function around(state: StateFolder, before: () => void): WatchedJournal {
  return {
    entries: [],
    mostBlobs: 0,
    recover: () => state.recover(),
    keep: (bytes, sha256) => state.keep(bytes, sha256),
    read: (name, pool) => state.read(name, pool),
    commit: (batch) => {
      before();
      state.commit(batch);
    },
  };
}
