import { describe, expect, it } from '@jest/globals';
import { leftOut, sortFiles } from './sort-files.js';

const CLASSES = ['cat', 'dog'];
const file = {} as File;
const sort = (...paths: string[]): ReturnType<typeof sortFiles> =>
  sortFiles(
    paths.map((path) => ({ path, file })),
    CLASSES,
  );

describe('files sorted by class', () => {
  it('go by the nearest folder named like a class, whatever its case', () => {
    const { images } = sort('pets/Cat/1.jpg', 'pets/dog/deep/2.PNG', 'cat/dog/3.jpeg');
    expect(images.map(({ path, label }) => [path, label])).toEqual([
      ['pets/Cat/1.jpg', 0],
      ['pets/dog/deep/2.PNG', 1],
      ['cat/dog/3.jpeg', 1],
    ]);
  });

  it('leave a test set alone where there is a training set beside it', () => {
    expect(sort('d/train/cat/1.jpg', 'd/test/cat/1.jpg')).toMatchObject({ images: [{ label: 0 }], test: 1 });
    expect(sort('test/cat/1.jpg').images).toHaveLength(1);
  });

  it('are loose without a folder, and clutter is nothing', () => {
    const sorted = sort('1.jpg', 'cat/.DS_Store', '__MACOSX/cat/1.jpg', 'cat/Thumbs.db');
    expect(sorted).toMatchObject({ images: [], others: [] });
    expect(sorted.loose.map(({ path }) => path)).toEqual(['1.jpg']);
  });
});

describe('what was left out', () => {
  it.each([
    [[], 'There is no image in it'],
    [['a/notes.pdf'], '1 file was left out that is no image: “notes.pdf”'],
    [
      ['horse/1.jpg', 'horse/2.jpg', 'cat/1.jpg'],
      '2 images were left out of “horse”: the job knows only “cat”, “dog”',
    ],
    [
      ['cat/1.heic', 'cat/2.jpg'],
      '1 HEIC photo was left out: browsers cannot read them. Export them as JPEG.',
    ],
  ])('%p', (paths, sentence) => {
    expect(leftOut(sort(...paths), CLASSES).join(' ')).toContain(sentence);
  });

  it('is nothing for a sound folder', () => {
    expect(leftOut(sort('cat/1.jpg', 'dog/1.jpg'), CLASSES)).toEqual([]);
  });
});
