import { type MomentTree, type ServerMessage, outgoingModel, type GlobalModel } from '@espalier/core';
import { encodeServerMessage, PreparedMessage } from '@espalier/proto';
import type { ClientLink, LinkWire } from './client-link.js';

type Of<K extends ServerMessage['kind']> = Extract<ServerMessage, { kind: K }>;

/** What goes out with a model. */
export type ModelErrand =
  Omit<Of<'measure'>, 'model'> | Omit<Of<'train'>, 'model'> | Omit<Of<'finish'>, 'model'>;

/**
 * Sends what is large and the same for many: each such message is encoded once, and all connections it goes to share
 * its bytes.
 */
export class ModelPost {
  readonly #wire: LinkWire;
  /** By what the message is made of, so that it goes when that goes. */
  readonly #prepared = new WeakMap<object, Map<string, PreparedMessage>>();

  constructor(wire: LinkWire) {
    this.#wire = wire;
  }

  /** A round's work or the last word, with the mask as far as this connection does not have it. */
  model(link: ClientLink, model: GlobalModel, errand: ModelErrand): void {
    const { hash } = model.mask;
    const values = `${errand.round} ${hash}`;
    const known = { mask: link.knownMask, values: link.knownValues === values };
    link.knownMask = hash;
    const measures = errand.kind === 'measure';
    // A client keeps what it measures until it is told what to do with it.
    link.knownValues = measures ? values : null;
    // Of one model, these tell all messages apart: the rest follows from the round.
    const key = `${errand.kind} ${errand.round} ${String(known.mask)} ${String(known.values)}`;
    const message = this.#once(model, key, () => {
      const outgoing = outgoingModel(model, known);
      return { ...errand, model: measures ? { ...outgoing, moments: null } : outgoing };
    });
    link.sendPrepared(message, hash);
  }

  pool(link: ClientLink, { pool, mode, batchSize }: Omit<Of<'pool'>, 'kind'>): void {
    link.poolSent = true;
    link.sendPrepared(this.#once(pool, 'pool', () => ({ kind: 'pool', pool, mode, batchSize })));
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
