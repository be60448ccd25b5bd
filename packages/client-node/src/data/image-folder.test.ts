import { relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { testFolder, type TestFolder } from '../testing/image-files.js';
import { scanImageFolder, type ImageEntry } from './image-folder.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

async function files(...names: readonly string[]): Promise<void> {
  for (const name of names) await folder.write(name, 'listed, not read');
}

const listed = (entries: readonly ImageEntry[] | null): unknown =>
  entries?.map(({ path, label }) => `${relative(folder.path, path)} ${label}`);

describe('scanImageFolder', () => {
  it('sorts classes and files by code unit, and passes over what is no image', async () => {
    await files(
      'b/10.jpg',
      'b/9.jpg',
      'b/B.PNG',
      'b/a.jpeg',
      'a/x.jpg',
      'a/notes.txt',
      'a/.hidden.jpg',
      '.git/z.jpg',
      'readme.md',
    );

    const { classes, train, test } = await scanImageFolder(folder.path);

    expect(classes).toEqual(['a', 'b']);
    expect(listed(train)).toEqual(['a/x.jpg 0', 'b/10.jpg 1', 'b/9.jpg 1', 'b/B.PNG 1', 'b/a.jpeg 1']);
    expect(test).toBeNull();
  });

  it('takes train/ and test/ apart; a class may lack test images', async () => {
    await files('train/cat/1.jpg', 'train/dog/1.jpg', 'test/dog/7.png');

    const { classes, train, test } = await scanImageFolder(folder.path);

    expect(classes).toEqual(['cat', 'dog']);
    expect(listed(train)).toEqual(['train/cat/1.jpg 0', 'train/dog/1.jpg 1']);
    expect(listed(test)).toEqual(['test/dog/7.png 1']);
  });

  it('has no test set where test/ holds no image', async () => {
    await files('train/cat/1.jpg', 'train/dog/1.jpg', 'test/cat/readme.txt');

    expect((await scanImageFolder(folder.path)).test).toBeNull();
  });

  it('keeps a class whose folder is empty', async () => {
    await files('cat/readme.txt', 'dog/1.jpg');

    expect((await scanImageFolder(folder.path)).classes).toEqual(['cat', 'dog']);
  });
});

describe('a folder that cannot be used', () => {
  it.each<[string, readonly string[], RegExp]>([
    [
      'empty',
      [],
      /^\[invalid_data\] .* has no class folder; expected a folder of images for each of at least 2/,
    ],
    ['with images but no class', ['1.jpg', '2.jpg'], /has no class folder/],
    ['with one class', ['cat/1.jpg'], /has one class only, cat/],
    ['with one class under train/', ['train/cat/1.jpg', 'test/dog/1.jpg'], /train has one class only, cat/],
    [
      'without an image',
      ['cat/a.txt', 'dog/b.gif'],
      /no JPEG or PNG file under .*; put the images of each class/,
    ],
    [
      'with a test class of its own',
      ['train/a/1.jpg', 'train/b/1.jpg', 'test/c/1.jpg'],
      /has a class c that the training/,
    ],
  ])('%s', async (_, names, message) => {
    await files(...names);

    await expect(scanImageFolder(folder.path)).rejects.toThrow(message);
  });

  it('missing, or a file', async () => {
    await files('plain');

    await expect(scanImageFolder(`${folder.path}/none`)).rejects.toThrow(
      /\[invalid_data\] there is no folder .*none/,
    );
    await expect(scanImageFolder(`${folder.path}/plain`)).rejects.toThrow(
      '[invalid_data] there is no folder',
    );
  });
});
