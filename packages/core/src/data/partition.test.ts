import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PartitionSpec } from './data-spec.js';
import { partitionSamples, type Partition } from './partition.js';

/** `perClass` samples of each class, in turn. */
function labelsOf(numClasses: number, perClass: number): number[] {
  return Array.from({ length: numClasses * perClass }, (_, i) => i % numClasses);
}

function dirichletSpec(alpha: number, minSamples = 10): PartitionSpec {
  return { kind: 'dirichlet', alpha, minSamples };
}

/** Mean over clients of the largest class's share. */
function skew(parts: Partition, labels: readonly number[], numClasses: number): number {
  const shares = parts.map((part) => {
    const counts = Array.from({ length: numClasses }, () => 0);
    for (const position of part) counts[labels[position]!]! += 1;
    return Math.max(...counts) / part.length;
  });
  return shares.reduce((sum, share) => sum + share, 0) / parts.length;
}

function expectEachOnce(parts: Partition, total: number): void {
  expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
  for (const part of parts) expect([...part].sort((a, b) => a - b)).toEqual(part);
}

describe('iid', () => {
  it('gives sizes that differ by at most one', () => {
    const parts = partitionSamples(labelsOf(10, 10), 10, { kind: 'iid' }, { numClients: 7, seed: 1 });
    expect(parts.map(({ length }) => length).sort()).toEqual([14, 14, 14, 14, 14, 15, 15]);
    expectEachOnce(parts, 100);
  });

  it('mixes the classes', () => {
    const labels = labelsOf(10, 200);
    const parts = partitionSamples(labels, 10, { kind: 'iid' }, { numClients: 10, seed: 1 });
    expect(skew(parts, labels, 10)).toBeLessThan(0.2);
  });

  it('takes as many clients as samples, and refuses one more', () => {
    expect(partitionSamples([0, 1, 0], 2, { kind: 'iid' }, { numClients: 3, seed: 1 })).toHaveLength(3);
    expect(() => partitionSamples([0, 1, 0], 2, { kind: 'iid' }, { numClients: 4, seed: 1 })).toThrow(
      '[invalid_job] 3 samples cannot give each of 4 clients 1',
    );
  });
});

describe('dirichlet', () => {
  it('gives every sample to exactly one client, and each its minimum', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0.1, 0.5, 5),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(1000),
        (alpha, numClients, seed) => {
          const parts = partitionSamples(labelsOf(5, 80), 5, dirichletSpec(alpha, 4), { numClients, seed });
          expectEachOnce(parts, 400);
          expect(Math.min(...parts.map(({ length }) => length))).toBeGreaterThanOrEqual(4);
        },
      ),
      { seed: 5, numRuns: 60 },
    );
  });

  it('is more skewed the smaller alpha is', () => {
    const labels = labelsOf(10, 200);
    const skews = [100, 0.5, 0.1].map((alpha) =>
      skew(partitionSamples(labels, 10, dirichletSpec(alpha), { numClients: 10, seed: 1 }), labels, 10),
    );
    expect(skews[0]).toBeLessThan(0.2);
    expect(skews[1]).toBeGreaterThan(0.3);
    expect(skews[2]).toBeGreaterThan(0.5);
  });

  it('adds no further class to a client that has its even share', () => {
    const parts = partitionSamples(labelsOf(10, 100), 10, dirichletSpec(0.05, 1), { numClients: 5, seed: 2 });
    // A client below 200 samples may take at most one whole class (100) more.
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(300);
  });

  it('depends on the seed, and on nothing else', () => {
    const draw = (seed: number) =>
      partitionSamples(labelsOf(3, 30), 3, dirichletSpec(0.5, 1), { numClients: 3, seed });
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('gives these parts on every engine', () => {
    const parts = partitionSamples(labelsOf(2, 8), 2, dirichletSpec(0.5, 2), { numClients: 3, seed: 1 });
    expect(parts).toEqual([
      [0, 2, 6, 10, 12, 14],
      [1, 3, 9, 11, 13],
      [4, 5, 7, 8, 15],
    ]);
  });

  it('lives with classes that have no samples', () => {
    const parts = partitionSamples([1, 1, 1, 1, 1, 1], 3, dirichletSpec(1, 1), { numClients: 2, seed: 1 });
    expectEachOnce(parts, 6);
  });

  it('says what to change when the minimum cannot be had', () => {
    const options = { numClients: 10, seed: 1 };
    expect(() => partitionSamples(labelsOf(2, 10), 2, dirichletSpec(0.5, 3), options)).toThrow(
      '[invalid_job] 20 samples cannot give each of 10 clients 3',
    );
    expect(() => partitionSamples(labelsOf(2, 10), 2, dirichletSpec(0.01, 2), options)).toThrow(
      /\[invalid_job\] after 1000 draws .* raise partition.alpha/,
    );
  });
});

describe('bad requests', () => {
  it('refuses a stray label, an unknown kind and senseless numbers', () => {
    const options = { numClients: 1, seed: 1 };
    expect(() => partitionSamples([0, 2], 2, dirichletSpec(1, 1), options)).toThrow(
      '[invalid_data] label 2 of sample 1',
    );
    expect(() => partitionSamples([0], 1, { kind: 'iid' }, { numClients: 0, seed: 1 })).toThrow(
      '[invalid_job]',
    );
    expect(() => partitionSamples([0], 1, dirichletSpec(1, 0), options)).toThrow(
      '[invalid_job] minSamples 0',
    );
    expect(() => partitionSamples([0], 1, dirichletSpec(0, 1), options)).toThrow(
      '[invalid_argument] alpha 0',
    );
    expect(() => partitionSamples([0], 1, JSON.parse('{"kind":"shard"}') as PartitionSpec, options)).toThrow(
      /no partition "shard"; did you mean shards.*Valid names: iid, dirichlet, shards, quantitySkew, byFolder, file/,
    );
  });
});
