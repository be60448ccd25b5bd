import { createHash, createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StateDatabase } from '../state/index.js';
import { TokenBook } from './token-book.js';

const NOW = new Date('2026-01-02T03:04:05Z');
const nonce = Buffer.from('a fresh nonce');

/** Computes the answer of a client with that token. */
function answerOf(token: string, over: Uint8Array = nonce): Buffer {
  const [id = '', secret = ''] = token.split('.');
  const key = createHash('sha256').update(secret).digest();
  return Buffer.concat([Buffer.from(id, 'hex'), createHmac('sha256', key).update(over).digest()]);
}

let folder: string;
let database: StateDatabase;
let book: TokenBook;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-tokens-'));
  database = new StateDatabase(join(folder, 'state.db'));
  book = new TokenBook(database);
});
afterEach(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a book of tokens', () => {
  it('knows whose answer it is', () => {
    const tokens = ['one', 'two'].map((name) => book.create(name, NOW));
    for (const token of tokens) expect(book.check(nonce, answerOf(token))).toBe(token.split('.')[0]);
    expect(book.list().map(({ name, created, revoked }) => ({ name, created, revoked }))).toEqual(
      expect.arrayContaining([{ name: 'one', created: NOW.toISOString(), revoked: null }]),
    );
  });

  it.each<[string, (token: string) => Uint8Array]>([
    ['of another nonce, as when it is replayed', (token) => answerOf(token, Buffer.from('an older nonce'))],
    ['with a flipped bit', (token) => answerOf(token).map((byte, i) => (i === 20 ? byte ^ 1 : byte))],
    ['under the id of nobody', (token) => answerOf(`0000000000000000.${token.split('.')[1] ?? ''}`)],
    ['cut short', (token) => answerOf(token).subarray(0, 8)],
    ['that is none', () => new Uint8Array(0)],
  ])('refuses an answer %s', (_, forge) => {
    expect(book.check(nonce, forge(book.create('one', NOW)))).toBeNull();
  });

  it('lets nobody in with a revoked token, also one who is in', () => {
    const token = book.create('one', NOW);
    const id = token.split('.')[0] ?? '';
    expect(book.allows(id)).toBe(true);
    book.revoke(id, NOW);
    expect(book.check(nonce, answerOf(token))).toBeNull();
    expect(book.allows(id)).toBe(false);
    expect(() => {
      book.revoke('feed', NOW);
    }).toThrow('[invalid_argument]');
  });

  it('has neither token nor secret on the disk', async () => {
    const token = book.create('one', NOW);
    const admin = book.createAdmin() ?? '';
    database.close();
    const bytes = (await readFile(join(folder, 'state.db'))).toString('latin1');
    for (const secret of [token.split('.')[1] ?? '', admin]) expect(bytes).not.toContain(secret);
    database = new StateDatabase(join(folder, 'state.db'));
  });

  it('makes one admin token and knows it', () => {
    const admin = book.createAdmin() ?? '';
    expect(book.createAdmin()).toBeNull();
    expect([book.isAdmin(admin), book.isAdmin(`${admin}x`), book.isAdmin('')]).toEqual([true, false, false]);
  });
});
