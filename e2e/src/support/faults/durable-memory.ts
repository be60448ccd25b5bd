import { createHash } from 'node:crypto';
import { EspalierError } from '@espalier/core';
import type { JournalEntry } from '@espalier/core/protocol';
import type { Journal, Snapshot } from '@espalier/server/coordinator';

/**
 * A journal that outlives its coordinator as a disk would: everything committed or kept is there for the next
 * one.
 */
export class DurableMemory implements Journal {
  readonly entries: JournalEntry[] = [];
  readonly blobs = new Map<string, Uint8Array>();
  /** Most blobs there ever were. */
  mostBlobs = 0;
  #snapshot: Snapshot | null = null;

  recover(): ReturnType<Journal['recover']> {
    if (this.entries.length === 0) return null;
    const entries = this.entries.slice(this.#snapshot?.sequence ?? 0);
    return { snapshot: this.#snapshot, entries, sequence: this.entries.length };
  }

  keep(bytes: Uint8Array): Promise<string> {
    const name = createHash('sha256').update(bytes).digest('hex');
    this.blobs.set(name, bytes.slice());
    this.mostBlobs = Math.max(this.mostBlobs, this.blobs.size);
    return Promise.resolve(name);
  }

  read(name: string): Promise<Uint8Array> {
    const bytes = this.blobs.get(name);
    if (bytes) return Promise.resolve(bytes.slice());
    return Promise.reject(new EspalierError('storage', `blob ${name} is gone`));
  }

  commit({ entries, snapshot }: Parameters<Journal['commit']>[0]): void {
    // As text, as on a disk: nothing of a living coordinator's objects may be in it.
    this.entries.push(...(JSON.parse(JSON.stringify(entries)) as JournalEntry[]));
    if (snapshot === null) return;
    this.#snapshot = snapshot;
    const kept = new Set(snapshot.blobs);
    for (const name of this.blobs.keys()) if (!kept.has(name)) this.blobs.delete(name);
  }
}
