import { describe, expect, it } from '@jest/globals';
import {
  batchesPerEpoch,
  epochBatches,
  type Augmentation,
  type Batch,
  type BatchOptions,
} from './batches.js';
import type { Dataset } from './dataset.js';

/** Seven images of 2×2×2, image i holding 8i … 8i + 7, label i. */
const dataset: Dataset = {
  imageShape: [2, 2, 2],
  classes: ['0', '1', '2', '3', '4', '5', '6'],
  images: Uint8Array.from({ length: 56 }, (_, i) => i),
  labels: Uint16Array.of(0, 1, 2, 3, 4, 5, 6),
};
const identity = { mean: [0, 0], std: [1 / 255, 1 / 255] };
const key = { seed: 1, purpose: 'shuffle', round: 2, partition: 3 };

function batchesOf(options: Partial<BatchOptions>, data = dataset): Batch[] {
  const batches = epochBatches(data, { batchSize: 3, normalization: identity, ...options });
  return Array.from(batches, ({ images, labels, size }) => ({
    images: images.slice(),
    labels: labels.slice(),
    size,
  }));
}

function shuffledBatches(augmentation: Augmentation | null, streamKey = key, data = dataset): Batch[] {
  return batchesOf({ shuffle: { key: streamKey, augmentation } }, data);
}

function rounded(images: Float32Array): number[] {
  return Array.from(images, (value) => Math.round(value));
}

describe('epochBatches in order', () => {
  it('cuts the data set up, the last batch short', () => {
    const batches = batchesOf({});

    expect(batches.map(({ size }) => size)).toEqual([3, 3, 1]);
    expect(batches.map(({ labels }) => [...labels])).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(rounded(batches[2]!.images)).toEqual([48, 49, 50, 51, 52, 53, 54, 55]);
    expect(batchesPerEpoch(dataset, 3)).toBe(3);
  });

  it.each([
    [1, 7],
    [7, 1],
    [100, 1],
  ])('by %p gives %p batches', (batchSize, count) => {
    expect(batchesOf({ batchSize })).toHaveLength(count);
    expect(batchesPerEpoch(dataset, batchSize)).toBe(count);
  });

  it('normalises per channel', () => {
    const [batch] = batchesOf({ normalization: { mean: [0, 0.5], std: [1, 0.25] }, batchSize: 1 });
    const expected = [0, 1, 2, 3, 4, 5, 6, 7].map((byte, i) =>
      i % 2 === 0 ? byte / 255 : (byte / 255 - 0.5) / 0.25,
    );
    expect([...batch!.images]).toEqual([...Float32Array.from(expected)]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a batch size of %p', (batchSize) => {
    expect(() => batchesOf({ batchSize })).toThrow('[invalid_argument] batchSize');
  });

  it('has nothing of an empty set', () => {
    expect(batchesOf({}, { ...dataset, images: new Uint8Array(), labels: new Uint16Array() })).toEqual([]);
  });
});

describe('the arrays of epochBatches', () => {
  it('are the same for every batch, filled anew', () => {
    const batches = epochBatches(dataset, { batchSize: 3, normalization: identity });
    const first = batches.next().value!;
    const kept = rounded(first.images);
    const second = batches.next().value!;
    expect(second.images.buffer).toBe(first.images.buffer);
    expect(second.labels.buffer).toBe(first.labels.buffer);
    expect(rounded(first.images)).toEqual(kept.map((value) => value + 24));
  });
});

describe('epochBatches shuffled', () => {
  it('gives every sample once, its label with it', () => {
    const batches = shuffledBatches(null);
    const labels = batches.flatMap((batch) => [...batch.labels]);

    expect([...labels].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(labels).not.toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(batches.flatMap(({ images }) => rounded(images))).toEqual(
      labels.flatMap((label) => [0, 1, 2, 3, 4, 5, 6, 7].map((offset) => 8 * label + offset)),
    );
  });

  it('gives the same batches for the same key, others for another', () => {
    const augmentation = { cropPadding: 1, flip: true };
    expect(shuffledBatches(augmentation, { ...key })).toEqual(shuffledBatches(augmentation));
    expect(shuffledBatches(augmentation, { ...key, round: 3 })).not.toEqual(shuffledBatches(augmentation));
  });

  it('leaves the data set alone', () => {
    shuffledBatches({ cropPadding: 1, flip: true });
    expect([...dataset.images]).toEqual(Array.from({ length: 56 }, (_, i) => i));
  });
});

describe('augmentation', () => {
  /** 200 times the image 1 2 / 3 4. */
  const same: Dataset = {
    imageShape: [2, 2, 1],
    classes: ['x'],
    images: Uint8Array.from({ length: 800 }, (_, i) => (i % 4) + 1),
    labels: new Uint16Array(200),
  };
  const views = (augmentation: Augmentation): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const batch of shuffledBatches(augmentation, key, same)) {
      for (let i = 0; i < batch.size; i++) {
        const view = rounded(batch.images.subarray(4 * i, 4 * i + 4)).join(' ');
        counts.set(view, (counts.get(view) ?? 0) + 1);
      }
    }
    return counts;
  };

  it('mirrors about half of the images left to right', () => {
    const counts = views({ cropPadding: 0, flip: true });
    expect([...counts.keys()].sort()).toEqual(['1 2 3 4', '2 1 4 3']);
    expect(Math.abs(counts.get('2 1 4 3')! - 100)).toBeLessThan(40);
  });

  it('shifts by up to the padding each way and fills with 0', () => {
    const counts = views({ cropPadding: 1, flip: false });
    expect([...counts.keys()].sort()).toEqual(
      [
        '1 2 3 4',
        '2 0 4 0',
        '0 1 0 3',
        '3 4 0 0',
        '0 0 1 2',
        '4 0 0 0',
        '0 3 0 0',
        '0 0 2 0',
        '0 0 0 1',
      ].sort(),
    );
    for (const count of counts.values()) expect(Math.abs(count - 200 / 9)).toBeLessThan(20);
  });

  it('fills with 0 after normalisation, that is with the mean', () => {
    const white: Dataset = { ...same, images: new Uint8Array(800).fill(255) };
    const batches = batchesOf(
      {
        batchSize: 200,
        normalization: { mean: [0.5], std: [0.5] },
        shuffle: { key, augmentation: { cropPadding: 1, flip: false } },
      },
      white,
    );
    expect(new Set(batches.flatMap(({ images }) => [...images]))).toEqual(new Set([0, 1]));
  });
});
