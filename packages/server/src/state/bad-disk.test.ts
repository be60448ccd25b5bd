import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildModel, denseMask, initialState } from '@espalier/core';
import type { JournalEntry } from '@espalier/core/protocol';
import { encodeBundle } from '@espalier/proto';
import { readState, STATE_FILES, StateFolder } from './index.js';

const entry = (at: number): JournalEntry => ({ at, event: { kind: 'deadline', step: at } });
const options = { keepUpdates: false };

let folder: string;
let state: StateFolder | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-disk-'));
});
afterEach(async () => {
  await state?.close();
  state = null;
  await chmod(folder, 0o755);
  await rm(folder, { recursive: true, force: true });
});

/** A journal of that many events, large enough to have pages of its own. */
async function filled(events: number): Promise<StateFolder> {
  state = await StateFolder.open(folder, options);
  state.recover();
  for (let at = 1; at <= events; at++) state.commit({ entries: [entry(at)], snapshot: null });
  return state;
}

/** Bytes of a small model. */
function someModel(): Uint8Array {
  const graph = buildModel({ name: 'mlp', width: 2 }, [2, 2, 1], 2);
  const normalization = { mean: [0], std: [1] };
  const mask = denseMask(graph);
  return encodeBundle({
    graph,
    mask,
    state: initialState(graph, 1),
    classes: ['a', 'b'],
    normalization,
    metadata: {},
  });
}

describe('a full disk', () => {
  it('refuses a whole commit, says what to do, and goes on when there is room', async () => {
    const { database } = (state = await filled(3));
    const [{ page_count: pages } = {}] = database.rows('PRAGMA page_count');
    // SQLite gives the error of a full disk when it may not grow.
    database.rows(`PRAGMA max_page_count = ${String(pages)}`);
    const many = Array.from({ length: 300 }, (_, i) => entry(10 + i));

    expect(() => {
      state?.commit({ entries: many, snapshot: null });
    }).toThrow(
      /^\[storage\] .*the disk is full: make room, then start the same command again, espalier serve with --resume$/,
    );
    expect(database.rows('SELECT count(*) AS n FROM journal')[0]).toEqual({ n: 3 });

    database.rows('PRAGMA max_page_count = 100000');
    state.commit({ entries: many, snapshot: null });
    expect(database.rows('SELECT count(*) AS n FROM journal')[0]).toEqual({ n: 303 });
  });

  it('keeps no half of an update', async () => {
    state = await filled(1);
    const bytes = new Uint8Array(50_000).fill(7);
    const name = createHash('sha256').update(bytes).digest('hex');
    // Every write to this device finds it full.
    await symlink('/dev/full', join(folder, STATE_FILES.blobs, name));

    await expect(state.keep(bytes)).rejects.toThrow('the disk is full: make room');
    expect(await readdir(join(folder, STATE_FILES.blobs))).toEqual([]);
    expect(await state.keep(bytes)).toBe(name);
  });
});

describe('a state that may not be written', () => {
  it('is refused with what to look at, and can still be looked at', async () => {
    await (await filled(3)).close();
    state = null;
    await forbidden(async () => {
      await expect(StateFolder.open(folder, options)).rejects.toThrow(
        /^\[storage\] cannot write .*look at its owner and permissions, and whether its disk is mounted for writing$/,
      );
      expect(await readState(folder)).toMatchObject({ problems: [], entries: 3, events: { deadline: 3 } });
    });
  });
});

describe('a damaged state', () => {
  it('is refused before it is used; its whole models are named', async () => {
    state = await filled(400);
    const model = await state.keep(someModel());
    const other = await state.keep(Uint8Array.of(1, 2, 3));
    const torn = await state.keep(Uint8Array.of(4, 5, 6));
    await state.close();
    state = null;
    await damage(join(folder, STATE_FILES.database));
    await writeFile(join(folder, STATE_FILES.blobs, torn), 'half');

    await expect(StateFolder.open(folder, options)).rejects.toThrow(
      /^\[storage\] cannot read .*coordinator\.db: .*it is damaged: restore it from a backup; espalier inspect says/,
    );
    const contents = await readState(folder);
    expect(contents.problems).toEqual([expect.stringContaining('coordinator.db')]);
    expect(contents.blobs).toEqual({ count: 3, damaged: [torn], missing: [], models: [model] });
    expect(contents.blobs.models).not.toContain(other);
  });

  it.each(['cut short', 'something else'])('that was %s is refused too', async (how) => {
    await (await filled(400)).close();
    state = null;
    const file = join(folder, STATE_FILES.database);
    const bytes = await readFile(file);
    await writeFile(
      file,
      how === 'cut short' ? bytes.subarray(0, bytes.length - 6000) : 'no database '.repeat(500),
    );
    await expect(StateFolder.open(folder, options)).rejects.toThrow('it is damaged');
    expect((await readState(folder)).problems).toHaveLength(1);
  });

  it('of another version says who can read it, also to those who only look', async () => {
    const { database } = (state = await filled(2));
    database.run('UPDATE meta SET value = ? WHERE key = ?', '99', 'version');
    await state.close();
    state = null;
    const sentence = 'is a state of version 99, this espalier reads version';
    await expect(StateFolder.open(folder, options)).rejects.toThrow(sentence);
    expect((await readState(folder)).problems).toEqual([expect.stringContaining(sentence)]);
  });
});

/** Without the right to write to the folder; tests that run as root become `nobody` meanwhile. */
async function forbidden(action: () => Promise<void>): Promise<void> {
  await chmod(folder, 0o555);
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o555);
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    await action();
  } finally {
    if (root) process.seteuid?.(0);
    for (const name of await readdir(folder)) await chmod(join(folder, name), 0o755);
  }
}

/** Fills the middle of a file with what it never was. */
async function damage(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes.fill(0x55, 4096 * 2, bytes.length - 4096);
  await writeFile(file, bytes);
}
