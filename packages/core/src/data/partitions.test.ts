import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PartitionSpec } from './data-spec.js';
import { classCounts, parsePartitionFile, partitionFileText, type PartitionFile } from './partition-file.js';
import { partitionSamples, type Partition } from './partition.js';

const labelsOf = (numClasses: number, perClass: number): number[] =>
  Array.from({ length: numClasses * perClass }, (_, i) => (i * 7) % numClasses);

function expectEachOnce(parts: Partition, total: number): void {
  expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
  for (const part of parts) expect([...part].sort((a, b) => a - b)).toEqual(part);
}

const SPECS: readonly PartitionSpec[] = [
  { kind: 'iid' },
  { kind: 'dirichlet', alpha: 1, minSamples: 2 },
  { kind: 'shards', classesPerClient: 2, minSamples: 2 },
  { kind: 'quantitySkew', alpha: 0.3, minSamples: 2 },
];

describe.each(SPECS)('$kind', (spec) => {
  it('gives every sample to exactly one client, each its minimum, the same for the same seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 6 }), fc.nat(1000), (numClients, seed) => {
        const labels = labelsOf(6, 30);
        const parts = partitionSamples(labels, 6, spec, { numClients, seed });
        expect(parts).toHaveLength(numClients);
        expectEachOnce(parts, 180);
        expect(Math.min(...parts.map(({ length }) => length))).toBeGreaterThanOrEqual(2);
        expect(partitionSamples(labels, 6, spec, { numClients, seed })).toEqual(parts);
      }),
      { seed: 11, numRuns: 30 },
    );
  });

  it('depends on the seed', () => {
    const draw = (seed: number) => partitionSamples(labelsOf(6, 30), 6, spec, { numClients: 4, seed });
    expect(draw(1)).not.toEqual(draw(2));
  });
});

describe('shards', () => {
  it('gives each client exactly its number of classes, and every class as equal a number of clients as can be', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 12 }),
        fc.integer({ min: 2, max: 4 }),
        fc.nat(500),
        (n, k, seed) => {
          const labels = labelsOf(10, 24);
          const spec = { kind: 'shards', classesPerClient: k, minSamples: 1 } as const;
          const counts = classCounts(partitionSamples(labels, 10, spec, { numClients: n, seed }), labels, 10);
          for (const row of counts) expect(row.filter((count) => count > 0)).toHaveLength(k);
          const holders = Array.from({ length: 10 }, (_, c) => counts.filter((row) => row[c]! > 0).length);
          expect(Math.max(...holders) - Math.min(...holders)).toBeLessThanOrEqual(1);
        },
      ),
      { seed: 3, numRuns: 40 },
    );
  });

  it.each<[string, number, number, RegExp]>([
    ['more classes than there are', 3, 4, /classesPerClient is 4; expected .* from 1 to the 3 classes/],
    ['too few hands for all classes', 2, 1, /2 clients with 1 classes each cannot hold all 3 classes/],
  ])('refuses %s', (_, numClients, classesPerClient, message) => {
    const spec = { kind: 'shards', classesPerClient, minSamples: 1 } as const;
    expect(() => partitionSamples(labelsOf(3, 10), 3, spec, { numClients, seed: 1 })).toThrow(message);
  });

  it('names the client that falls short of minSamples', () => {
    const labels = [0, 0, 0, 0, 0, 0, 1];
    const spec = { kind: 'shards', classesPerClient: 1, minSamples: 2 } as const;
    expect(() => partitionSamples(labels, 2, spec, { numClients: 2, seed: 1 })).toThrow(
      /\[invalid_job\] shards give client [12] only 1 samples, partition.minSamples is 2/,
    );
  });
});

describe('quantitySkew', () => {
  it('is more unequal in size the smaller alpha is, and mixes the classes', () => {
    const labels = labelsOf(4, 500);
    const sizes = (alpha: number) =>
      partitionSamples(
        labels,
        4,
        { kind: 'quantitySkew', alpha, minSamples: 5 },
        { numClients: 10, seed: 3 },
      );
    const largest = (parts: Partition) => Math.max(...parts.map(({ length }) => length));
    expect(largest(sizes(100))).toBeLessThan(300);
    expect(largest(sizes(0.1))).toBeGreaterThan(600);
    const biggest = [...sizes(0.1)].sort((a, b) => b.length - a.length).slice(0, 1);
    const [row = []] = classCounts(biggest, labels, 4);
    for (const count of row) expect(count / biggest[0]!.length).toBeCloseTo(0.25, 1);
  });
});

describe('byFolder', () => {
  const spec = { kind: 'byFolder' } as const;

  it('follows the folders', () => {
    const options = { numClients: 3, seed: 1, groups: [2, 0, 1, 0, 2] };
    expect(partitionSamples([0, 1, 0, 1, 0], 2, spec, options)).toEqual([[1, 3], [2], [0, 4]]);
  });

  it('says how many clients there are when the job says otherwise', () => {
    const options = { numClients: 4, seed: 1, groups: [2, 0, 1, 0, 2] };
    expect(() => partitionSamples([0, 1, 0, 1, 0], 2, spec, options)).toThrow(
      '[invalid_job] the data has 3 client folders with samples, the job 4 clients; set numClients to 3',
    );
    expect(() => partitionSamples([0, 1], 2, spec, { numClients: 1, seed: 1 })).toThrow(
      /a folder per client/,
    );
  });
});

describe('file', () => {
  const spec = { kind: 'file', path: 'p.json' } as const;
  const take = (written: Partition | undefined, numClients = 2) =>
    partitionSamples([0, 1, 0], 2, spec, { numClients, seed: 1, ...(written ? { written } : {}) });

  it('gives the parts that were read', () => {
    expect(take([[2, 0], [1]])).toEqual([[0, 2], [1]]);
  });

  it.each<[string, Partition | undefined, number, RegExp]>([
    ['not read', undefined, 2, /was not read/],
    ['for other clients', [[0, 1, 2]], 2, /has 1 parts for 2 clients; set numClients to 1/],
    [
      'with a sample twice',
      [
        [0, 1],
        [1, 2],
      ],
      2,
      /sample 1 out twice/,
    ],
    ['with a sample for nobody', [[0], [1]], 2, /sample 2 to nobody/],
    [
      'of other data',
      [
        [0, 1],
        [2, 3],
      ],
      2,
      /sample 3, which the data does not have/,
    ],
    ['with an empty part', [[0, 1, 2], []], 2, /client 2 no sample/],
  ])('refuses a partition %s', (_, written, numClients, message) => {
    expect(() => take(written, numClients)).toThrow(message);
  });
});

describe('a partition file', () => {
  const file: PartitionFile = {
    listing: 'ab'.repeat(32),
    classes: ['cat', '犬'],
    made: { spec: { kind: 'iid' }, seed: 4 },
    server: [3],
    parts: [[0, 2], [1]],
    counts: [
      [2, 0],
      [0, 1],
    ],
  };

  it('is read as it was written', () => {
    expect(parsePartitionFile(partitionFileText(file))).toEqual(file);
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['no JSON', (text) => text.slice(0, 40), /\[invalid_data\] the partition file cannot be read/],
    ['other JSON', () => '{"a":1}', /it is no partition file/],
    ['null', () => 'null', /it is no JSON object/],
    ['a later version', (text) => text.replace('"version": 1', '"version": 2'), /its version is 2/],
    ['a listing that is no hash', (text) => text.replace(/(ab)+/, 'xyz'), /listing is no SHA-256/],
    ['parts that are no positions', (text) => text.replace('[0,2]', '[0,-2]'), /parts is no list/],
    ['counts that disagree', (text) => text.replace('[2,0]', '[1,0]'), /counts and parts disagree/],
    [
      'a held-out set that is none',
      (text) => text.replace('"server": [3]', '"server": 3'),
      /server is no list/,
    ],
  ])('refuses %s', (_, change, message) => {
    expect(() => parsePartitionFile(change(partitionFileText(file)))).toThrow(message);
  });
});
