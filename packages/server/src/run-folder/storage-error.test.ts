import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { storageError } from './storage-error.js';

const failed = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

describe('a failure of the file system', () => {
  it.each([
    ['ENOSPC', 'free some space'],
    ['EROFS', 'choose another folder'],
    ['EACCES', 'permissions'],
    ['EIO', 'look at free space and permissions'],
  ])('%s says what to do', (code, remedy) => {
    expect(storageError('write', 'here', failed(code)).message).toContain(remedy);
  });

  it('does not speak of space where a file is missing', async () => {
    const error: unknown = await readFile('/nowhere/to/be/found').catch((thrown: unknown) => thrown);
    expect(storageError('read', '/nowhere', error).message).toContain('it is not there: look at the path');
  });

  it.each([
    ['database or disk is full', 'the disk is full'],
    ['attempt to write a readonly database', 'read-only'],
  ])('knows what the database means by %p', (words, remedy) => {
    expect(storageError('write', 'here', failed('SQLITE_ERROR', words)).message).toContain(remedy);
  });
});
