import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cellLabel, parseGrid } from './grid.js';
import { TINY_GRID } from '../testing/tiny.js';

const example = (name: string): string => readFileSync(join(__dirname, '../../../../examples', name), 'utf8');

describe('a grid', () => {
  it('is methods × densities × partitions × seeds, seed by seed', () => {
    const { cells } = parseGrid(TINY_GRID);
    expect(cells.map(cellLabel)).toEqual([
      'fedtiny, density 0.2, seed 1',
      'random, density 0.2, seed 1',
      'dense, density 1, seed 1',
      'fedtiny, density 0.2, seed 2',
      'random, density 0.2, seed 2',
      'dense, density 1, seed 2',
    ]);
    expect(cells[1]?.job).toMatchObject({
      method: 'static',
      targetDensity: 0.2,
      seed: 1,
      mask: { criterion: 'random', allocation: 'uniform' },
    });
  });

  it('lays partitions over the job', () => {
    const { cells } = parseGrid(
      `${TINY_GRID}partitions: [{ name: even, set: { kind: iid } }, { name: uneven, set: { kind: dirichlet, alpha: 2, minSamples: 4 } }]\n`,
    );
    expect(cells).toHaveLength(12);
    expect(cells[0]).toMatchObject({ partition: 'even', job: { partition: { kind: 'iid' } } });
    expect(new Set(cells.map(({ hash }) => hash)).size).toBe(12);
  });

  it('tells a run by what it does: by defaults of its method as well, and not by how it is written', () => {
    const hashOf = (set: string): string | undefined =>
      parseGrid(TINY_GRID.replace('{ method: fedtiny, pruning.interval: 2 }', set)).cells[0]?.hash;
    const usual = hashOf('{ method: fedtiny, pruning.interval: 2 }');
    expect(hashOf('{ pruning.interval: 2, rescale: true, method: fedtiny }')).toBe(usual);
    expect(hashOf('{ method: fedtiny, pruning.interval: 2, rescale: false }')).not.toBe(usual);
  });

  it.each([
    ['compare-cifar10.yaml', 57],
    ['compare-demo.yaml', 39],
  ])('among the examples can be run: %s', (name, least) => {
    const { cells } = parseGrid(example(name));
    expect(cells.length).toBeGreaterThanOrEqual(least);
    expect(new Set(cells.map(cellLabel)).size).toBe(cells.length);
  });

  it('names every cell that cannot be run', () => {
    expect(() => parseGrid(TINY_GRID.replace('[0.2]', '[0.2, 0.0001]'))).toThrow(
      /4 cells of the grid cannot be run:\n {2}fedtiny, density 0.0001, seed 1: targetDensity is 0.0001/,
    );
    expect(() => parseGrid(TINY_GRID.replace(', densities: [1]', ''))).toThrow(
      /dense, density 0.2, seed 1: .*method fedavg trains every weight/,
    );
  });

  it.each([
    ['seeds: [1, 2]', 'seeds: [1, 1]', 'seeds has 1 twice'],
    ['seeds: [1, 2]', 'seeds: []', 'seeds is []; expected at least 1 entries'],
    ['name: random', 'name: fedtiny', 'methods has fedtiny twice'],
    ['job:', 'jobs:', 'job is missing; expected a map of fields'],
    ['job:', 'jobs:', 'jobs is not a field here; did you mean job?'],
    ['rounds: 5', 'seed: 5', 'job.seed is said by the grid for every cell'],
    ['pruning.interval: 2', 'seed: 2', 'set of fedtiny: seed is said by the grid for every cell'],
    ['rounds: 5', 'round: 5', 'did you mean rounds'],
    ['densities: [0.2]', 'densities: [0.2', 'not YAML'],
    ['pruning.interval: 2', 'pruning.intervall: 2', 'did you mean pruning.interval'],
  ])('with %p as %p is refused', (sound, broken, why) => {
    expect(() => parseGrid(TINY_GRID.replace(sound, broken))).toThrow(why);
  });

  it.each(['seed=3', 'targetDensity=0.5', 'method=snip'])(
    'refuses %p over every cell: rows would be other than they say',
    (override) => {
      expect(() => parseGrid(TINY_GRID, [override])).toThrow(/--set \w+ is said by the grid for every cell/);
      expect(parseGrid(TINY_GRID, ['rounds=4']).cells[0]?.job.rounds).toBe(4);
    },
  );
});
