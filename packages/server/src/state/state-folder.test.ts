import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  initialCoordinatorState,
  writeState,
  type CoordinatorConfig,
  type JournalEntry,
} from '@espalier/core/protocol';
import type { Snapshot } from '../coordinator/journal/journal.js';
import { readState, STATE_FILES, StateDatabase, StateFolder } from './index.js';

const config: CoordinatorConfig = {
  seed: 1,
  numClients: 2,
  clientsPerRound: 2,
  rounds: 1,
  quorum: 1,
  selects: false,
  evaluatesOnClients: false,
  measures: false,
  adjustmentRounds: [],
  roundTimeout: 60,
  joinTimeout: 60,
  returnTimeout: 60,
  adjustmentQuorum: 0,
  restAfter: 0,
  refusalLimit: 0,
};
const entry = (at: number): JournalEntry => ({ at, event: { kind: 'deadline', step: at } });

function snapshotAt(sequence: number, blobs: readonly string[]): Snapshot {
  const state = writeState(initialCoordinatorState(config).state);
  return { sequence, at: sequence, state, deadline: { step: 0, ends: 60 }, workshop: '{}', blobs };
}

let folder: string;
let open: StateFolder[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-state-'));
});
afterEach(async () => {
  for (const state of open) await state.close();
  open = [];
  await rm(folder, { recursive: true, force: true });
});

async function openState(keepUpdates = false): Promise<StateFolder> {
  const state = await StateFolder.open(folder, { keepUpdates });
  open.push(state);
  return state;
}

async function reopened(): Promise<StateFolder> {
  await open.pop()?.close();
  return openState();
}

describe('a blob that the disk has changed', () => {
  it.each(['this coordinator', 'the one before'])('is not read, when %s wrote it', async (who) => {
    let state = await openState();
    const name = await state.keep(Uint8Array.of(1, 2, 3, 4));
    if (who === 'the one before') state = await reopened();
    expect(await state.read(name)).toEqual(Uint8Array.of(1, 2, 3, 4));
    const path = join(folder, STATE_FILES.blobs, name);
    await writeFile(path, Uint8Array.of(1, 2, 3, 5));
    await expect(state.read(name)).rejects.toThrow(`${path} is damaged`);
    await writeFile(path, Uint8Array.of(1, 2, 3));
    await expect(state.read(name)).rejects.toThrow(`${path} is damaged`);
  });
});

describe('a state folder', () => {
  it('is empty at first', async () => {
    expect((await openState()).recover()).toBeNull();
  });

  it('gives back what was committed: the snapshot and the entries after it', async () => {
    const state = await openState();
    const blob = await state.keep(Uint8Array.of(1, 2, 3));
    state.recover();
    state.commit({ entries: [entry(1), entry(2)], snapshot: null });
    const snapshot = snapshotAt(3, [blob]);
    state.commit({ entries: [entry(3)], snapshot });
    state.commit({ entries: [entry(4)], snapshot: null, totals: { up: 3, down: 4 } });

    const again = await reopened();

    expect(again.recover()).toEqual({
      snapshot,
      entries: [entry(4)],
      sequence: 4,
      totals: { up: 3, down: 4 },
    });
    expect([...(await again.read(blob))]).toEqual([1, 2, 3]);
  });

  it('lets go of blobs that a snapshot does not name, unless they are to be kept', async () => {
    for (const [keepUpdates, left] of [
      [false, 1],
      [true, 2],
    ] as const) {
      const state = await openState(keepUpdates);
      const kept = await state.keep(Uint8Array.of(1));
      await state.keep(Uint8Array.of(2));
      const { sequence = 0 } = state.recover() ?? {};
      state.commit({ entries: [entry(1)], snapshot: snapshotAt(sequence + 1, [kept]) });
      await open.pop()?.close();
      expect(await readdir(join(folder, STATE_FILES.blobs))).toHaveLength(left);
    }
  });

  it('belongs to one coordinator at a time', async () => {
    await openState();
    await expect(openState()).rejects.toThrow('[storage] another coordinator works on');
    await expect(reopened()).resolves.toBeDefined();
  });

  it('names a damaged blob, and writes it anew', async () => {
    const state = await openState();
    const name = await state.keep(Uint8Array.of(1, 2, 3));
    await writeFile(join(folder, STATE_FILES.blobs, name), 'half');
    await expect(state.read(name)).rejects.toThrow(new RegExp(`\\[storage\\].*${name} is damaged`));
    expect((await readState(folder)).blobs).toMatchObject({ count: 1, damaged: [name] });

    const again = await reopened();
    await again.keep(Uint8Array.of(1, 2, 3));

    expect([...(await again.read(name))]).toEqual([1, 2, 3]);
  });

  it('of another version, or that is no database, is refused and left alone', async () => {
    const state = await openState();
    state.database.run('UPDATE meta SET value = ? WHERE key = ?', '99', 'version');
    await expect(reopened()).rejects.toThrow('[storage]');
    await writeFile(
      join(folder, STATE_FILES.database),
      'not a database, but long enough to be read as one'.repeat(40),
    );
    await expect(openState()).rejects.toThrow('[storage]');
  });

  it('commits all of a batch or nothing', async () => {
    const state = await openState();
    state.commit({ entries: [entry(1)], snapshot: null });
    expect(() => {
      state.database.atomically(() => {
        state.database.run('INSERT INTO journal (sequence, at, event) VALUES (2, 2, ?)', '{}');
        throw new Error('the disk is full');
      });
    }).toThrow('the disk is full');
    expect((await reopened()).recover()).toMatchObject({ sequence: 1, entries: [entry(1)] });
  });

  it('is shown to people: place, events, blobs', async () => {
    const state = await openState();
    state.commit({ entries: [entry(1), entry(2)], snapshot: snapshotAt(1, []) });
    expect(await readState(folder)).toMatchObject({
      entries: 2,
      sinceSnapshot: 1,
      snapshot: { phase: 'gather', round: 0, clients: 0 },
      events: { deadline: 2 },
    });
    await expect(readState(join(folder, 'nowhere'))).rejects.toThrow('[invalid_data]');
  });
});

describe('the database', () => {
  it('says which file cannot be opened', () => {
    expect(() => new StateDatabase(join(folder, 'no', 'such', 'folder.db'))).toThrow(
      '[storage] cannot write',
    );
  });
});
