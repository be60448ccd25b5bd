import { describe, expect, it } from '@jest/globals';
import { checkDataset, datasetSize, imageBytes, subset, type Dataset } from './dataset.js';

/** Three images of 1×2×1. */
const dataset: Dataset = {
  imageShape: [1, 2, 1],
  classes: ['a', 'b'],
  images: Uint8Array.of(10, 11, 20, 21, 30, 31),
  labels: Uint16Array.of(0, 1, 1),
};

describe('a data set', () => {
  it('knows its sizes', () => {
    expect([datasetSize(dataset), imageBytes(dataset)]).toEqual([3, 2]);
  });

  it('gives samples in the order asked for, copied', () => {
    const part = subset(dataset, [2, 0, 2]);

    expect([...part.images]).toEqual([30, 31, 10, 11, 30, 31]);
    expect([...part.labels]).toEqual([1, 0, 1]);
    part.images.fill(0);
    expect(dataset.images[4]).toBe(30);
  });

  it('is checked for lengths and labels', () => {
    expect(() => {
      checkDataset(dataset);
    }).not.toThrow();
    expect(() => {
      checkDataset({ ...dataset, images: new Uint8Array(5) });
    }).toThrow('[invalid_data] 5 image bytes for 3 labels; expected 6');
    expect(() => {
      checkDataset({ ...dataset, labels: Uint16Array.of(0, 2, 1) });
    }).toThrow('[invalid_data] label 2 is not one of 2 classes');
  });
});
