import { EspalierError, type Evaluation, type Measurement } from '@espalier/core';
import type { UpdateProfile } from '@espalier/core/methods';
import type { AnswerName, ClientId, ClientMessage } from '@espalier/core/protocol';
import type { UpdateReader, CandidateStatistics } from '@espalier/core/round';
import { BufferPool, decodeClientMessage, decodeStoredUpdate, type WireContext } from '@espalier/proto';
import { answerName, answerReference } from '../journal/answer-reference.js';
import type { Journal } from '../journal/journal.js';
import { scratchFloats } from './scratch-floats.js';

type Of<K extends ClientMessage['kind']> = Extract<ClientMessage, { kind: K }>;

/** An answer as it came, with its SHA-256 as its transfer was checked against. */
export interface AnswerBytes {
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array;
}

/** Updates read ahead of the one that is asked for; that many and one more are in memory. */
const AHEAD = 6;

/**
 * Accepted answers, as their clients sent them, read back one at a time when their step closes. The reducer holds
 * their names only: the blob's hash, and whose it is, so that equal answers of two clients have two names.
 */
export class AnswerStore {
  readonly #journal: Journal;
  readonly #context: WireContext;
  readonly #pool = new BufferPool();
  /** By name, of the open round's updates that came in this coordinator's life. */
  readonly #profiles = new Map<AnswerName, UpdateProfile>();

  constructor(journal: Journal, context: WireContext) {
    this.#journal = journal;
    this.#context = context;
  }

  /**
   * Makes an answer durable and gives its name.
   * @param profile of an update, so that closing the round need not make it
   * @throws EspalierError `storage`.
   */
  async put(
    clientId: ClientId,
    { bytes, sha256 }: AnswerBytes,
    profile: UpdateProfile | null = null,
  ): Promise<AnswerName> {
    const name = answerName({ blob: await this.#journal.keep(bytes, sha256), clientId });
    if (profile) this.#profiles.set(name, profile);
    return name;
  }

  async moments(name: AnswerName): Promise<CandidateStatistics> {
    return this.#read(name, 'candidateMoments');
  }

  async measurement(name: AnswerName): Promise<Measurement> {
    return (await this.#read(name, 'measured')).measurement;
  }

  async losses(name: AnswerName): Promise<readonly Evaluation[]> {
    return (await this.#read(name, 'candidateLosses')).candidates;
  }

  /** Updates, best read in order: the disk works on the next while one is folded. */
  updates(names: readonly AnswerName[]): UpdateReader {
    const ahead = new Map<number, Promise<Uint8Array>>();
    const memory = scratchFloats();
    const fetch = (at: number): Promise<Uint8Array> => {
      const bytes = this.#journal.read(answerReference(names[at] ?? '').blob, this.#pool);
      // The caller that asks for it gets the failure; until then it must not count as unhandled.
      bytes.catch(() => undefined);
      return bytes;
    };
    const updates = names.map((_, at) => async () => {
      const bytes = ahead.get(at) ?? fetch(at);
      ahead.delete(at);
      for (let next = at + 1; next <= at + AHEAD && next < names.length; next++) {
        if (!ahead.has(next)) ahead.set(next, fetch(next));
      }
      for (const fetched of ahead.keys()) if (fetched < at || fetched > at + AHEAD) ahead.delete(fetched);
      const read = await bytes;
      const update = decodeStoredUpdate(read, this.#context, memory);
      this.#pool.give(read);
      return update;
    });
    return { updates, profileAt: (at) => this.#profiles.get(names[at] ?? '') ?? null };
  }

  /** The open round has closed: what was remembered of its updates may go. */
  forgetProfiles(): void {
    this.#profiles.clear();
  }

  async evaluation(name: AnswerName): Promise<Evaluation> {
    return (await this.#read(name, 'evaluation')).evaluation;
  }

  async #read<K extends ClientMessage['kind']>(name: AnswerName, kind: K): Promise<Of<K>> {
    return this.#decoded(name, await this.#journal.read(answerReference(name).blob), kind);
  }

  #decoded<K extends ClientMessage['kind']>(name: AnswerName, bytes: Uint8Array, kind: K): Of<K> {
    const message = decodeClientMessage(bytes, this.#context);
    if (!isKind(message, kind)) {
      throw new EspalierError('internal', `${name} is a ${message.kind}, expected ${kind}`);
    }
    return message;
  }
}

function isKind<K extends ClientMessage['kind']>(message: ClientMessage, kind: K): message is Of<K> {
  return message.kind === kind;
}
