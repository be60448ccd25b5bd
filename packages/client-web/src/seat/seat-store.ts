import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Dataset } from '@espalier/core';
import type { ClientIdentity } from '@espalier/core/protocol';
import type { BackendName } from '../work/backends.js';

/** Stored participation of a tab, which outlives the tab: one seat per slot. */
export interface StoredSeat {
  readonly slot: string;
  /** Job that the seat belongs to; another job at the same address starts afresh. */
  readonly job: string;
  readonly token: string | null;
  readonly name: string;
  readonly part: number | null;
  readonly identity: ClientIdentity | null;
  /** Action that the user last chose. */
  readonly wants: 'run' | 'pause' | 'nothing';
  readonly backend: BackendName;
  readonly threads: number;
  readonly memoryBudget: number;
  readonly macsPerSecond: number;
  /** Short description of where the images come from. */
  readonly chosen: string;
}

interface Tables extends DBSchema {
  readonly seats: { readonly key: string; readonly value: StoredSeat };
  readonly data: { readonly key: string; readonly value: Dataset };
  readonly models: { readonly key: string; readonly value: Uint8Array };
}

let opened: Promise<IDBPDatabase<Tables>> | null = null;

function database(): Promise<IDBPDatabase<Tables>> {
  opened ??= openDB<Tables>('espalier', 1, {
    upgrade: (db) => {
      db.createObjectStore('seats', { keyPath: 'slot' });
      db.createObjectStore('data');
      db.createObjectStore('models');
    },
  });
  return opened;
}

/** The seat of that slot with its images; null where there is none of this job. */
export async function readSeat(
  slot: string,
  job: string,
): Promise<{ readonly seat: StoredSeat; readonly data: Dataset } | null> {
  const db = await database();
  const [seat, data] = [await db.get('seats', slot), await db.get('data', slot)];
  return seat?.job === job && data ? { seat, data } : null;
}

/** Keeps a seat; its images are kept apart, for they never change while the seat does. */
export async function writeSeat(seat: StoredSeat): Promise<void> {
  await (await database()).put('seats', seat);
}

/** Keeps the images of a slot, decoded to the job's shape, so that a reload needs no new choice. */
export async function writeData(slot: string, data: Dataset): Promise<void> {
  await (await database()).put('data', data, slot);
}

/** Forgets a seat and its images. */
export async function forgetSeat(slot: string): Promise<void> {
  const db = await database();
  await db.delete('seats', slot);
  await db.delete('data', slot);
}

/** Keeps the final model, for the page that tries it. */
export async function writeModel(bundle: Uint8Array): Promise<void> {
  await (await database()).put('models', bundle, 'final');
}

/** The final model of the last job this browser took part in, or null. */
export async function readModel(): Promise<Uint8Array | null> {
  return (await (await database()).get('models', 'final')) ?? null;
}
