import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeFolder, placeWithin, readBounded, readStream, removeParts, writeWhole } from './index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-disk-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (...names: string[]): string => join(folder, ...names);

describe('makeFolder', () => {
  it('makes what is missing and minds nothing that is there', async () => {
    await makeFolder(at('a', 'b', 'c'));
    await writeFile(at('a', 'b', 'file'), '');
    await Promise.all([makeFolder(at('a', 'b', 'd', 'e')), makeFolder(at('a', 'b', 'd', 'f'))]);
    expect((await readdir(at('a', 'b'))).sort()).toEqual(['c', 'd', 'file']);
    expect((await readdir(at('a', 'b', 'd'))).sort()).toEqual(['e', 'f']);
  });

  it.each([
    ['where a file is', ['file'], /^\[storage\] cannot write .*file: EEXIST/],
    ['below a file', ['file', 'a', 'b'], /^\[storage\] cannot write .*ENOTDIR.*a part of the path is a file/],
  ])('ends with a sentence %s', async (_, names, message) => {
    await writeFile(at('file'), '');
    await expect(makeFolder(at(...names))).rejects.toThrow(message);
  });

  if (process.platform === 'linux') {
    it.each(['/proc/x', '/proc/x/y/z'])(
      'ends below a file system that takes no folders: %s',
      async (path) => {
        await expect(makeFolder(path)).rejects.toThrow(
          '[storage] cannot make the folder /proc/x: /proc takes no folders (ENOENT); choose another place',
        );
      },
    );
  }
});

describe('readBounded', () => {
  it('reads what is within the bound, to the byte', async () => {
    await writeFile(at('file'), 'twelve bytes');
    expect((await readBounded(at('file'), 12)).toString()).toBe('twelve bytes');
    await expect(readBounded(at('file'), 11)).rejects.toThrow(/has 12 bytes; at most 11 are read/);
  });

  it('of a pipe are for those who name one', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const [read] = await Promise.all([readStream(at('pipe'), 9, 'the job'), writeFile(at('pipe'), 'a job')]);
    expect(read.toString()).toBe('a job');
    await expect(readStream('/dev/zero', 9, 'the job')).rejects.toThrow(
      /^\[invalid_data\] the job .*more than 9/,
    );
  });

  it('waits for no pipe, reads no device and no folder', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await expect(readBounded(at('pipe'), 9)).rejects.toThrow('is no regular file');
    await expect(readBounded('/dev/zero', 9)).rejects.toThrow('is no regular file');
    await expect(readBounded(folder, 9)).rejects.toThrow(/^\[storage\] .*EISDIR/);
    await expect(readBounded(at('none'), 9, 'the job')).rejects.toThrow(
      /^\[storage\] cannot read the job .*none: ENOENT/,
    );
  });
});

describe('placeWithin', () => {
  it.each([
    ['file', true],
    ['sub/file', true],
    ['./sub/../file', true],
    ['inwards', true],
    ['/etc/passwd', false],
    ['C:\\secrets', false],
    ['..', false],
    ['.', false],
    ['', false],
    ['../outside', false],
    ['sub/../../outside', false],
    ['outwards', false],
    ['up/outside', false],
    ['nul\0l', false],
  ])('of %j', async (name, inside) => {
    await mkdir(at('data', 'sub'), { recursive: true });
    for (const path of ['data/file', 'data/sub/file', 'outside']) await writeFile(at(path), path);
    await symlink(at('data', 'file'), at('data', 'inwards'));
    await symlink(at('outside'), at('data', 'outwards'));
    await symlink(folder, at('data', 'up'));
    const place = placeWithin(at('data'), name);
    if (inside) expect(await readFile(await place, 'utf8')).toMatch(/^data\//);
    else
      await expect(place).rejects.toThrow(/^\[invalid_data\] .* lies outside .*; nothing outside the data/);
  });
});

describe('writeWhole', () => {
  it.each([{}, { shared: true, durable: false }])(
    'writes parts and leaves nothing beside them: %j',
    async (how) => {
      await writeWhole(at('file'), 'before');
      await writeWhole(at('file'), [Buffer.from('one '), Buffer.from('two')], how);
      expect(await readFile(at('file'), 'utf8')).toBe('one two');
      expect(await readdir(folder)).toEqual(['file']);
    },
  );

  it('leaves no part on a full disk', async () => {
    // Whatever is written there fails as on a disk without room.
    await symlink('/dev/full', at('file.part'));
    await expect(writeWhole(at('file'), 'text')).rejects.toThrow(
      /^\[storage\] .*file: ENOSPC.*the disk is full/,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves no part when the process ends at once', async () => {
    const writing = writeWhole(at('file'), new Uint8Array(50_000_000)).catch(() => 'gone');
    while (!(await readdir(folder)).includes('file.part'));
    removeParts();
    expect(await readdir(folder)).toEqual([]);
    expect(await writing).toBe('gone');
  });

  it.each([{}, { shared: true }])('leaves no part where it fails: %j', async (how) => {
    await mkdir(at('file'));
    await expect(writeWhole(at('file'), 'text', how)).rejects.toThrow(/^\[storage\] cannot write .*file/);
    expect(await readdir(folder)).toEqual(['file']);
  });
});
