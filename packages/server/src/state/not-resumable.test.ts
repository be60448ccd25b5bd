import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  coordinatorConfig,
  initialCoordinatorState,
  writeState,
  type JournalEntry,
} from '@espalier/core/protocol';
import type { Snapshot } from '../coordinator/journal/journal.js';
import { parseJob } from '../job/index.js';
import { TokenBook } from '../security/index.js';
import { MarkFile } from './mark-file.js';
import { STATE_FILES, StateDatabase, StateFolder, type RunSigns } from './index.js';

const SIGNS: RunSigns = { job: 'digest of the job', traces: [], round: -1 };
const CONFIG = coordinatorConfig(parseJob('model: mlp\ndata: { kind: procedural }'), {
  evaluatesOnClients: false,
  measures: false,
});
const NOW = new Date(0);
const entry = (at: number): JournalEntry => ({ at, event: { kind: 'deadline', step: at } });

let parent: string;
let folder: string;
let open: StateFolder | null = null;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'espalier-lost-'));
  folder = join(parent, 'state');
});
afterEach(async () => {
  await open?.close();
  open = null;
  await rm(parent, { recursive: true, force: true });
});

async function openState(signs: Partial<RunSigns> = {}): Promise<StateFolder> {
  open = await StateFolder.open(folder, { keepUpdates: false, signs: { ...SIGNS, ...signs } });
  return open;
}

/** Two commits, closed: everything is in the database file. */
async function begun(): Promise<void> {
  const state = await openState();
  new TokenBook(state.database).createAdmin();
  state.commit({ entries: [entry(1)], snapshot: null });
  state.commit({ entries: [entry(2)], snapshot: snapshotInRound(2, 1), totals: { up: 3, down: 4 } });
  await closed();
}

async function closedAfter(action: (state: StateFolder) => void): Promise<void> {
  action(await openState());
  await closed();
}

async function closed(): Promise<void> {
  await open?.close();
  open = null;
}

function snapshotInRound(sequence: number, round: number): Snapshot {
  const state = writeState({ ...initialCoordinatorState(CONFIG).state, round });
  return { sequence, at: sequence, state, deadline: { step: 0, ends: 60 }, workshop: '{}', blobs: [] };
}

/** Goes on, and leaves the folder as a process does that is killed after that and whose write-ahead log is lost. */
async function loseLogAfter(action: (state: StateFolder) => void): Promise<void> {
  const state = await openState();
  const database = join(folder, STATE_FILES.database);
  cpSync(database, join(parent, 'without log'));
  action(state);
  const mark = readFileSync(join(folder, STATE_FILES.mark));
  await closed();
  cpSync(join(parent, 'without log'), database);
  writeFileSync(join(folder, STATE_FILES.mark), mark);
}

describe('a state whose write-ahead log is lost', () => {
  it.each<[string, (state: StateFolder) => void]>([
    [
      'an event',
      (state) => {
        state.commit({ entries: [entry(3)], snapshot: null });
      },
    ],
    [
      'a token that was revoked',
      (state) => {
        const book = new TokenBook(state.database);
        book.create('shared', NOW);
        book.revoke(book.list()[0]?.id ?? '', NOW);
      },
    ],
  ])('is refused for %s, also by those who would only make a token', async (_, action) => {
    await begun();
    await loseLogAfter(action);
    const sentence =
      /^\[not_resumable\] .*coordinator\.db has \d+ commits, its mark says \d+: .*-wal is gone/;
    await expect(openState()).rejects.toThrow(sentence);
    expect(() => new StateDatabase(join(folder, STATE_FILES.database))).toThrow(sentence);
  });
});

describe('a state that was changed', () => {
  it.each([
    ['an entry', "UPDATE journal SET event = '{}' WHERE sequence = 3", 'its journal or snapshot'],
    ['the snapshot', "UPDATE snapshot SET workshop = '[]'", 'its journal or snapshot'],
    ['the byte counts', "UPDATE meta SET value = '{}' WHERE key = 'bytes'", 'its journal or snapshot'],
    ['the admin token', "UPDATE meta SET value = 'mine' WHERE key = 'admin'", 'its tokens'],
    ['all seals', 'DELETE FROM seals', 'its seals'],
  ])('%s is refused', async (_, sql, what) => {
    await begun();
    const state = await openState();
    state.commit({ entries: [entry(3)], snapshot: null });
    state.database.run(sql);
    await closed();
    await expect(openState()).rejects.toThrow(what);
  });

  it('and one whose job file is another is refused with what to do', async () => {
    await begun();
    await expect(openState({ job: 'another' })).rejects.toThrow(
      /^\[not_resumable\] the job\.yaml beside .* put that one back, or begin another run with this one/,
    );
  });
});

describe('a state of version 1', () => {
  /** As version 1 left it: no seals, no mark, nothing of the job. */
  async function earlier(): Promise<void> {
    await begun();
    const database = new StateDatabase(join(folder, STATE_FILES.database));
    database.run('DROP TABLE seals');
    database.run("DELETE FROM meta WHERE key IN ('run', 'job')");
    database.run("UPDATE meta SET value = '1' WHERE key = 'version'");
    database.close();
    await rm(join(folder, STATE_FILES.mark));
  }

  it('is taken up as it is, and is sealed from then on', async () => {
    await earlier();
    expect((await openState({ round: 1 })).recover()).toMatchObject({
      sequence: 2,
      totals: { up: 3, down: 4 },
    });
    expect(open?.database.version).toBe('2');
    await closed();
    await expect(openState({ job: 'another' })).rejects.toThrow('job.yaml');
  });

  it('is refused where the run folder has got further', async () => {
    await earlier();
    await expect(openState({ round: 2 })).rejects.toThrow(
      /knows of round 2 only: its write-ahead log is gone or damaged, and round 3 in the run folder shows/,
    );
  });
});

describe('the mark', () => {
  const path = (): string => join(parent, 'mark');
  const written = (...commits: readonly number[]): MarkFile => {
    const mark = new MarkFile(path());
    for (const each of commits) mark.write({ run: 'run', commits: each });
    mark.close();
    return mark;
  };

  it('is the newest that was written, and the one before it where that one is torn', () => {
    const mark = written(1, 2, 3);
    expect(mark.read()).toEqual({ run: 'run', commits: 3 });
    const bytes = readFileSync(path());
    writeFileSync(path(), Buffer.concat([bytes.subarray(0, 64), Buffer.from('run 3')]));
    expect(mark.read()).toEqual({ run: 'run', commits: 2 });
  });

  it('is null where there is none, and where nothing of it is whole', () => {
    expect(new MarkFile(path()).read()).toBeNull();
    writeFileSync(path(), 'run 3 0000');
    expect(new MarkFile(path()).read()).toBeNull();
  });

  it('may be missing after the first commit only', async () => {
    await closedAfter(() => undefined);
    await rm(join(folder, STATE_FILES.mark));
    await closedAfter((state) => {
      state.commit({ entries: [entry(1)], snapshot: null });
    });
    await rm(join(folder, STATE_FILES.mark));
    await expect(openState()).rejects.toThrow(/^\[not_resumable\] .*mark is gone or damaged/);
  });
});
