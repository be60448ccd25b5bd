import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { checkDataset, imageBytes, type Dataset } from '../dataset.js';
import { classTraits } from './class-traits.js';
import { proceduralDataset, type ProceduralOptions } from './procedural.js';
import { SILHOUETTES } from './silhouettes.js';

const options: ProceduralOptions = {
  numClasses: 10,
  imageShape: [16, 16, 3],
  samplesPerClass: 20,
  seed: 1,
  split: 'train',
};

describe('proceduralDataset', () => {
  const dataset = proceduralDataset(options);

  it.each([
    [2, [8, 8, 1]],
    [3, [9, 14, 3]],
    [10, [16, 16, 3]],
    [200, [8, 8, 3]],
  ] as const)('%p classes of %p make a valid data set', (numClasses, imageShape) => {
    const drawn = proceduralDataset({ ...options, numClasses, imageShape, samplesPerClass: 2 });
    expect(() => {
      checkDataset(drawn);
    }).not.toThrow();
    expect(drawn.labels).toHaveLength(2 * numClasses);
    expect(new Set(drawn.classes).size).toBe(numClasses);
  });

  it('deals the classes in turn', () => {
    expect([...dataset.labels.slice(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  });

  it('gives these bytes on every engine', () => {
    expect(bytesToHex(sha256(dataset.images))).toBe(
      'e93d18795624c10997b83fe9cc25e5c3e73dea83dbbb61b3461bdcf3fb9306e7',
    );
  });

  it('draws other images for another seed and for the test split', () => {
    const firstImage = ({ images }: Dataset) => String(images.subarray(0, 768));
    const others = [
      proceduralDataset({ ...options, seed: 2 }),
      proceduralDataset({ ...options, split: 'test' }),
    ];
    expect(new Set([dataset, ...others].map(firstImage)).size).toBe(3);
  });

  it('begins a larger set with the smaller one', () => {
    const smaller = proceduralDataset({ ...options, samplesPerClass: 3 });
    expect(dataset.images.subarray(0, smaller.images.length)).toEqual(smaller.images);
  });

  it('draws no image twice', () => {
    const stride = imageBytes(dataset);
    const images = Array.from(dataset.labels, (_, i) =>
      bytesToHex(dataset.images.subarray(i * stride, (i + 1) * stride)),
    );
    expect(new Set(images).size).toBe(dataset.labels.length);
  });

  it.each([
    [{ numClasses: 1 }, 'numClasses 1'],
    [{ numClasses: 201 }, 'numClasses 201'],
    [{ imageShape: [7, 16, 3] }, 'height 7'],
    [{ imageShape: [16, 16.5, 3] }, 'width 16.5'],
    [{ imageShape: [16, 16, 2] }, '1 or 3 channels, not 2'],
    [{ samplesPerClass: 0 }, 'samplesPerClass 0'],
    [{ samplesPerClass: 10_000_000 }, 'samplesPerClass 10000000'],
  ] as const)('refuses %p', (change, message) => {
    expect(() => proceduralDataset({ ...options, ...change })).toThrow(message);
  });
});

describe('classTraits', () => {
  it('crosses outlines with textures', () => {
    expect(classTraits(6).map(({ name }) => name)).toEqual([
      'disc-0deg-3.8px',
      'cross-0deg-3.8px',
      'frame-0deg-3.8px',
      'disc-90deg-3.8px',
      'cross-90deg-3.8px',
      'frame-90deg-3.8px',
    ]);
  });
});

it('outlines differ, and cover between a third and nine tenths of their square', () => {
  const grid = Array.from(
    { length: 41 * 41 },
    (_, i) => [((i % 41) - 20) / 20, (Math.floor(i / 41) - 20) / 20] as const,
  );
  const covers = SILHOUETTES.map(({ contains }) =>
    grid.map(([u, v]) => (contains(u, v) ? '1' : '0')).join(''),
  );
  const areas = covers.map((cover) => cover.replaceAll('0', '').length / grid.length);

  expect(new Set(covers).size).toBe(SILHOUETTES.length);
  expect(Math.min(...areas)).toBeGreaterThan(1 / 3);
  expect(Math.max(...areas)).toBeLessThan(0.9);
});

describe('a linear model', () => {
  const train = proceduralDataset({ ...options, samplesPerClass: 100 });
  const test = proceduralDataset({ ...options, split: 'test' });

  it('learns its 1,000 training images and gets fewer than 35 % of the test set', () => {
    const weights = softmaxRegression(train, 20);
    expect(accuracy(weights, train)).toBeGreaterThan(0.6);
    expect(accuracy(weights, test)).toBeLessThan(0.35);
  });
});

/** Weights `[classes][pixels + 1]` after that many epochs of plain stochastic gradient descent. */
function softmaxRegression(dataset: Dataset, epochs: number): readonly Float64Array[] {
  const stride = imageBytes(dataset);
  const weights = dataset.classes.map(() => new Float64Array(stride + 1));
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = 0; i < dataset.labels.length; i++) {
      const pixels = pixelsOf(dataset, i);
      const scores = scoresOf(weights, pixels);
      const largest = Math.max(...scores);
      const odds = scores.map((score) => Math.exp(score - largest));
      const total = odds.reduce((sum, value) => sum + value, 0);
      for (const [label, row] of weights.entries()) {
        const step = 0.002 * (odds[label]! / total - (label === dataset.labels[i] ? 1 : 0));
        for (let p = 0; p < row.length; p++) row[p]! -= step * pixels[p]!;
      }
    }
  }
  return weights;
}

function accuracy(weights: readonly Float64Array[], dataset: Dataset): number {
  const correct = Array.from(dataset.labels).filter((label, i) => {
    const scores = scoresOf(weights, pixelsOf(dataset, i));
    return scores.indexOf(Math.max(...scores)) === label;
  });
  return correct.length / dataset.labels.length;
}

function pixelsOf(dataset: Dataset, i: number): Float64Array {
  const stride = imageBytes(dataset);
  const pixels = new Float64Array(stride + 1).fill(1);
  for (let p = 0; p < stride; p++) pixels[p] = (dataset.images[i * stride + p]! - 128) / 64;
  return pixels;
}

function scoresOf(weights: readonly Float64Array[], pixels: Float64Array): number[] {
  return weights.map((row) => {
    let score = 0;
    for (let p = 0; p < row.length; p++) score += row[p]! * pixels[p]!;
    return score;
  });
}
