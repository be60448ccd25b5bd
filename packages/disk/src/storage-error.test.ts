import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { storageError } from './storage-error.js';

const failed = (code: string): Error => Object.assign(new Error('x'), { code });

describe('a failure of the file system', () => {
  it.each([
    ['ENOSPC', 'the disk is full: make room'],
    ['EROFS', 'mounted for writing'],
    ['EACCES', 'permissions'],
    ['ENOTDIR', 'is a file and not a folder'],
    ['SQLITE_FULL', 'the disk is full: make room'],
    ['SQLITE_READONLY', 'mounted for writing'],
    ['SQLITE_CORRUPT', 'restore it from a backup'],
    ['EIO', 'look at free space and permissions'],
  ])('%s says what to do', (code, remedy) => {
    expect(storageError('write', 'here', failed(code)).message).toContain(remedy);
  });

  it('does not speak of space where a file is missing', async () => {
    const error: unknown = await readFile('/nowhere/to/be/found').catch((thrown: unknown) => thrown);
    expect(storageError('read', '/nowhere', error).message).toContain(
      'it is not there: look at its spelling',
    );
  });
});
