import { EspalierError, type ClientMessage, type ClientUpdate, type Evaluation } from '@espalier/core';
import { decodeClientMessage, type WireContext } from '@espalier/proto';
import type { Journal } from './journal.js';
import type { CandidateStatistics } from './select.js';

type Of<K extends ClientMessage['kind']> = Extract<ClientMessage, { kind: K }>;

/**
 * Accepted answers, as their clients sent them, read back one at a time when their step closes. The reducer holds
 * their names only: the blob's hash, and whose it is, so that equal answers of two clients have two names.
 */
export class PayloadShelf {
  readonly #journal: Journal;
  readonly #context: WireContext;

  constructor(journal: Journal, context: WireContext) {
    this.#journal = journal;
    this.#context = context;
  }

  /** Makes an answer durable and gives its name. @throws EspalierError `storage`. */
  async put(clientId: string, bytes: Uint8Array): Promise<string> {
    return `${await this.#journal.keep(bytes)}@${clientId}`;
  }

  async moments(name: string): Promise<CandidateStatistics> {
    return this.#read(name, 'candidateMoments');
  }

  async losses(name: string): Promise<readonly Evaluation[]> {
    return (await this.#read(name, 'candidateLosses')).candidates;
  }

  async update(name: string): Promise<ClientUpdate> {
    return (await this.#read(name, 'update')).update;
  }

  async evaluation(name: string): Promise<Evaluation> {
    return (await this.#read(name, 'evaluation')).evaluation;
  }

  async #read<K extends ClientMessage['kind']>(name: string, kind: K): Promise<Of<K>> {
    const message = decodeClientMessage(await this.#journal.read(blobOf(name)), this.#context);
    if (!isKind(message, kind)) {
      throw new EspalierError('internal', `${name} is a ${message.kind}, expected ${kind}`);
    }
    return message;
  }
}

/** The blob behind a payload's name. */
export function blobOf(payload: string): string {
  return payload.slice(0, payload.indexOf('@'));
}

function isKind<K extends ClientMessage['kind']>(message: ClientMessage, kind: K): message is Of<K> {
  return message.kind === kind;
}
