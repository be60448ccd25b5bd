import { EspalierError } from '@espalier/core';
import type { JournalEntry } from '@espalier/core/protocol';
import type { ByteFigures } from '@espalier/core/report';
import type { BufferPool } from '@espalier/proto';

/** A run model's state under way to or from the journal: texts for the snapshot, and blobs by their names. */
export interface StoredRunModel {
  readonly text: string;
  readonly blobs: readonly BlobHash[];
}

/** The coordinator at one point of its run, as text and names of blobs: everything that a later one starts from. */
export interface Snapshot {
  /** The last entry it contains, counting from 1. */
  readonly sequence: number;
  /** Run seconds at that entry. */
  readonly at: number;
  /** The decision state, by core's `writeState`. */
  readonly state: string;
  /** Run seconds at which the open deadline ends, and its step. */
  readonly deadline: { readonly step: number; readonly ends: number };
  /** The run model's part; see `RunModelState`. */
  readonly workshop: string;
  /** Blobs that the snapshot speaks of; all others may go. */
  readonly blobs: readonly BlobHash[];
}

/** State that an earlier coordinator left behind. */
export interface Recovery {
  readonly snapshot: Snapshot | null;
  /** Entries after the snapshot, oldest first. */
  readonly entries: readonly JournalEntry[];
  /** Entries in all. */
  readonly sequence: number;
  /** Bytes transferred as of the last commit; later than the snapshot's. */
  readonly totals?: ByteFigures | null;
}

declare const blobHash: unique symbol;

/** SHA-256 of a durable blob's bytes in hex: what it is read by. */
export type BlobHash = string & { readonly [blobHash]?: true };

/** Entries that become durable together, with the snapshot taken at one of them. */
export interface JournalBatch {
  readonly entries: readonly JournalEntry[];
  readonly snapshot: Snapshot | null;
  /** Bytes transferred so far, stored so that a crash does not lose the figure. */
  readonly totals?: ByteFigures;
}

/**
 * Durable storage of a run. Everything that has resolved or returned here survives `kill -9`; nothing is
 * acknowledged to a client before that. Failures are EspalierErrors `storage`.
 */
export interface Journal {
  /** Null when no coordinator was here before. */
  recover(): Recovery | null;
  /**
   * Makes the bytes durable; gives their SHA-256 in hex, by which they are read. The caller may reuse the memory when
   * it has resolved.
   * @param sha256 of the bytes, where it is known already
   */
  keep(bytes: Uint8Array, sha256?: Uint8Array): Promise<BlobHash>;
  /** @param pool where the memory may come from; the caller gives it back */
  read(hash: BlobHash, pool?: BufferPool): Promise<Uint8Array>;
  /** Appends all or nothing, in order, before it returns. Blobs the snapshot does not name go then. */
  commit(batch: JournalBatch): void;
}

/** A journal in memory: for runs that need not outlive their process. Entries are not kept. */
export function memoryJournal(): Journal {
  const blobs = new Map<string, Uint8Array>();
  let count = 0;
  return {
    recover: () => null,
    keep: (bytes) => {
      const name = `blob-${count++}`;
      blobs.set(name, bytes.slice());
      return Promise.resolve(name);
    },
    read: (name) => {
      const bytes = blobs.get(name);
      // A copy, for the caller may change what it gets.
      return bytes ? Promise.resolve(bytes.slice()) : Promise.reject(missing(name));
    },
    commit: ({ snapshot }) => {
      if (snapshot === null) return;
      const kept = new Set(snapshot.blobs);
      for (const name of blobs.keys()) if (!kept.has(name)) blobs.delete(name);
    },
  };
}

function missing(name: string): EspalierError {
  return new EspalierError('internal', `${name} is not in memory any longer`);
}
