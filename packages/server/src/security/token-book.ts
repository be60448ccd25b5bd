import { createHash, randomBytes } from 'node:crypto';
import { EspalierError } from '@espalier/core';
import type { Admission } from './admission.js';
import type { StateDatabase } from '../state/index.js';
import { createToken, sameDigest, verifyAnswer } from './tokens.js';

/** Bytes of a token's id, in front of every answer made with it. */
const ID_BYTES = 8;

/** A client's token as listed: the token itself is shown once, when it is made, and is kept nowhere. */
export interface ListedToken {
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  /** Null while it is valid. */
  readonly revoked: string | null;
}

/** The tokens of a state folder. Their SHA-256 is all that is stored of them. */
export class TokenBook implements Admission {
  readonly #database: StateDatabase;

  constructor(database: StateDatabase) {
    this.#database = database;
  }

  /** Makes a token, `<id>.<secret>`; the only time that it can be read. */
  create(name: string, now: Date): string {
    const id = randomBytes(ID_BYTES).toString('hex');
    const secret = createToken();
    const hash = keyOf(secret).toString('hex');
    this.#database.changeFacts(() => {
      this.#database.run(
        'INSERT INTO tokens (id, name, hash, created) VALUES (?, ?, ?, ?)',
        ...[id, name, hash, now.toISOString()],
      );
    });
    return `${id}.${secret}`;
  }

  list(): readonly ListedToken[] {
    return this.#database
      .rows('SELECT id, name, created, revoked FROM tokens ORDER BY created, id')
      .map(({ id, name, created, revoked }) => ({
        id: String(id),
        name: String(name),
        created: String(created),
        revoked: revoked === null ? null : String(revoked),
      }));
  }

  /**
   * Revokes a token: it admits nobody from now on, and clients connected with it get no more work.
   * @throws EspalierError `invalid_argument`.
   */
  revoke(id: string, now: Date): void {
    if (!this.list().some((token) => token.id === id)) {
      throw new EspalierError(
        'invalid_argument',
        `there is no token ${id}: list them with espalier token list`,
      );
    }
    const revoked = now.toISOString();
    this.#database.changeFacts(() => {
      this.#database.run('UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL', revoked, id);
    });
  }

  check(nonce: Uint8Array, answer: Uint8Array): string | null {
    const id = Buffer.from(answer.subarray(0, ID_BYTES)).toString('hex');
    const key = this.#key(id);
    // A token that is not there takes as long as one that is.
    const right = verifyAnswer(key ?? randomBytes(32), nonce, answer.subarray(ID_BYTES));
    return right && key !== null ? id : null;
  }

  allows(tokenId: string): boolean {
    return this.#key(tokenId) !== null;
  }

  /** The admin token of this state: made with the first call, of which only the hash stays. Null when there is one. */
  createAdmin(): string | null {
    if (this.#adminHash() !== null) return null;
    const token = createToken();
    const hash = keyOf(token).toString('hex');
    this.#database.changeFacts(() => {
      this.#database.run('INSERT INTO meta (key, value) VALUES (?, ?)', 'admin', hash);
    });
    return token;
  }

  /** True for the admin token; in constant time. */
  isAdmin(shown: string): boolean {
    const hash = this.#adminHash();
    return hash !== null && sameDigest(Buffer.from(hash, 'hex'), keyOf(shown));
  }

  #adminHash(): string | null {
    const row = this.#database.rows('SELECT value FROM meta WHERE key = ?', 'admin')[0];
    return row ? String(row['value']) : null;
  }

  #key(id: string): Buffer | null {
    const row = this.#database.rows('SELECT hash FROM tokens WHERE id = ? AND revoked IS NULL', id)[0];
    return row ? Buffer.from(String(row['hash']), 'hex') : null;
  }
}

function keyOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
