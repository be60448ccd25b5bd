import type { MomentTree } from '@espalier/core';
import type { ServerMessage } from '@espalier/core/protocol';
import { outgoingModel, type GlobalModel } from '@espalier/core/round';
import { encodeServerMessage, PreparedMessage } from '@espalier/proto';
import type { ClientLink, LinkWire } from './client-link.js';

type Of<K extends ServerMessage['kind']> = Extract<ServerMessage, { kind: K }>;

/** Messages that carry a model. */
export type ModelMessage =
  Omit<Of<'measure'>, 'model'> | Omit<Of<'train'>, 'model'> | Omit<Of<'finish'>, 'model'>;

/**
 * Sends what is large and the same for many: each such message is encoded once, and all connections it goes to share
 * its bytes.
 */
export class ModelSender {
  readonly #wire: LinkWire;
  /** By what the message is made of, so that it goes when that goes. */
  readonly #prepared = new WeakMap<object, Map<string, PreparedMessage>>();

  constructor(wire: LinkWire) {
    this.#wire = wire;
  }

  /** A round's work or the last word, with the mask as far as this connection does not have it. */
  model(link: ClientLink, model: GlobalModel, purpose: ModelMessage): void {
    const { hash } = model.mask;
    const values = `${purpose.round} ${hash}`;
    const known = { mask: link.knownMask, values: link.knownValues === values };
    const measures = purpose.kind === 'measure';
    // Of one model, these tell all messages apart: the rest follows from the round.
    const key = `${purpose.kind} ${purpose.round} ${String(known.mask)} ${String(known.values)}`;
    const message = this.#once(model, key, () => {
      const outgoing = outgoingModel(model, known);
      return { ...purpose, model: measures ? { ...outgoing, moments: null } : outgoing };
    });
    // A client keeps what it measures until it is told what to do with it.
    link.sendModel(message, { mask: hash, values: measures ? values : null });
  }

  pool(link: ClientLink, { pool, mode, batchSize }: Omit<Of<'pool'>, 'kind'>): void {
    link.sendPool(this.#once(pool, 'pool', () => ({ kind: 'pool', pool, mode, batchSize })));
  }

  poolMoments(link: ClientLink, candidates: readonly MomentTree[]): void {
    link.sendPrepared(this.#once(candidates, 'moments', () => ({ kind: 'poolMoments', candidates })));
  }

  #once(about: object, key: string, make: () => ServerMessage): PreparedMessage {
    const known = this.#prepared.get(about) ?? new Map<string, PreparedMessage>();
    this.#prepared.set(about, known);
    const { context, hash } = this.#wire;
    const message = known.get(key) ?? new PreparedMessage(encodeServerMessage(make(), context), hash);
    known.set(key, message);
    return message;
  }
}
