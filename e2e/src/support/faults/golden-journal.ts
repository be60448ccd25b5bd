import { createHash } from 'node:crypto';
import { EspalierError } from '@espalier/core';
import type { JournalEntry } from '@espalier/core/protocol';
import type { Journal, Snapshot } from '@espalier/server/coordinator';
import { DurableMemory } from './durable-memory.js';

/** A recorded run: everything its coordinator ever wrote down. */
export interface GoldenJournal {
  readonly entries: readonly JournalEntry[];
  /** In order; each was taken at the entry of its sequence. */
  readonly snapshots: readonly Snapshot[];
  /** Base64 by SHA-256. */
  readonly blobs: Readonly<Record<string, string>>;
  /** Hash of the final model; `mask` is that of its mask. */
  readonly model: string;
  readonly mask: string;
}

/** A journal that forgets nothing. */
export class RecordingJournal extends DurableMemory {
  readonly snapshots: Snapshot[] = [];
  readonly everyBlob: Record<string, string> = {};

  override keep(bytes: Uint8Array): Promise<string> {
    const kept = super.keep(bytes);
    void kept.then((name) => (this.everyBlob[name] = Buffer.from(bytes).toString('base64')));
    return kept;
  }

  override commit(batch: Parameters<Journal['commit']>[0]): void {
    super.commit(batch);
    if (batch.snapshot) this.snapshots.push(batch.snapshot);
  }
}

/** Results of a coordinator that was given one stretch of a golden journal. */
export interface Replayed {
  /** Resolves with the next snapshot. */
  readonly snapshot: Promise<Snapshot>;
  readonly journal: Journal;
}

/**
 * The journal as found by a coordinator that was killed just before the snapshot at `index`: the one before
 * it, and every entry up to the one that made the work complete.
 */
export function journalBefore({ entries, snapshots, blobs }: GoldenJournal, index: number): Replayed {
  const before = snapshots[index - 1]!;
  const until = snapshots[index]!.sequence - 1;
  let tell: (snapshot: Snapshot) => void = () => undefined;
  const snapshot = new Promise<Snapshot>((resolve) => (tell = resolve));
  return {
    snapshot,
    journal: {
      recover: () => ({ snapshot: before, entries: entries.slice(before.sequence, until), sequence: until }),
      keep: (bytes) => Promise.resolve(createHash('sha256').update(bytes).digest('hex')),
      read: (name) => {
        const text = blobs[name];
        if (text !== undefined) return Promise.resolve(new Uint8Array(Buffer.from(text, 'base64')));
        return Promise.reject(new EspalierError('storage', `the golden journal has no blob ${name}`));
      },
      commit: (batch) => {
        if (batch.snapshot) tell(batch.snapshot);
      },
    },
  };
}
