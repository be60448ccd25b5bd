import type { ClientLink, LeftBehind } from './client-link.js';

/** Bytes of unfinished messages kept; the oldest go first, and are then sent whole. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What clients that lost their connection will want to go on with, until they come back. */
export class LeftBehindShelf {
  readonly #kept = new Map<string, LeftBehind>();
  #bytes = 0;

  keep(clientId: string, link: Pick<ClientLink, 'deliveredMask' | 'unfinished'>): void {
    this.take(clientId);
    const unfinished = link.unfinished();
    this.#kept.set(clientId, { mask: link.deliveredMask, unfinished });
    this.#bytes += unfinished?.bytes ?? 0;
    this.#makeRoom();
  }

  /** Once: the next connection has it then. */
  take(clientId: string): LeftBehind | null {
    const left = this.#kept.get(clientId) ?? null;
    this.#kept.delete(clientId);
    this.#bytes -= left?.unfinished?.bytes ?? 0;
    return left;
  }

  #makeRoom(): void {
    for (const [clientId, { mask, unfinished }] of this.#kept) {
      if (this.#bytes <= MOST_BYTES) return;
      this.#bytes -= unfinished?.bytes ?? 0;
      this.#kept.set(clientId, { mask, unfinished: null });
    }
  }
}
