import type { ClientId } from '@espalier/core/protocol';
import type { ClientLink, LinkRemainder } from './client-link.js';

/** Bytes of unfinished messages kept; the oldest go first, and are then sent whole. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Transfers that lost their connection, kept until their clients come back to resume them. */
export class UnfinishedTransfers {
  readonly #kept = new Map<ClientId, LinkRemainder>();
  #bytes = 0;

  keep(clientId: ClientId, link: Pick<ClientLink, 'deliveredMask' | 'unfinished'>): void {
    this.take(clientId);
    const unfinished = link.unfinished();
    this.#kept.set(clientId, { mask: link.deliveredMask, unfinished });
    this.#bytes += unfinished?.bytes ?? 0;
    this.#makeRoom();
  }

  /** Once: the next connection has it then. */
  take(clientId: ClientId): LinkRemainder | null {
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
