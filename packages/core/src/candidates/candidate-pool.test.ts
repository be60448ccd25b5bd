import { describe, expect, it } from '@jest/globals';
import { erkDensities } from '../allocation/erk.js';
import { maskableSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import { Mask } from '../mask/mask.js';
import { keptCount, topK } from '../mask/top-k.js';
import { initialState } from '../params/initialize.js';
import { packActive, unpackActive } from '../params/pack.js';
import { candidateMask, drawPool, type PoolRequest } from './candidate-pool.js';

const graph = buildModel({ name: 'resnet18', width: 4 }, [8, 8, 3], 3);
const specs = maskableSpecs(graph);
const size = specs.reduce((sum, spec) => sum + spec.size, 0);
const { params } = initialState(graph, 1);
const request = (
  allocation: PoolRequest['spec']['allocation'],
  density: number,
  count = 10,
): PoolRequest => ({
  graph,
  density,
  spec: { size: count, allocation },
  seed: 5,
  params,
});
const kept = (counts: Uint32Array) => counts.reduce((sum, count) => sum + count, 0);
const allocations = ['uniform', 'erk', 'mixed'] as const;

describe('drawPool', () => {
  it.each(
    allocations.flatMap((allocation) => [0.02, 0.1, 0.4].map((density) => [allocation, density] as const)),
  )('around %p at density %p every candidate is within 2 %', (allocation, density) => {
    const { counts } = drawPool(request(allocation, density));

    expect(counts).toHaveLength(10);
    for (const row of counts) expect(Math.abs(kept(row) / size - density) / density).toBeLessThan(0.02);
    expect(new Set(counts.map(String)).size).toBe(10);
  });

  it('stays within half and one and a half of the density, as published', () => {
    for (const row of drawPool(request('uniform', 0.1)).counts) {
      for (const [i, count] of row.entries()) {
        expect(count).toBeGreaterThanOrEqual(keptCount(0.05, specs[i]!.size));
        expect(count).toBeLessThanOrEqual(keptCount(0.15, specs[i]!.size));
      }
    }
  });

  it('stays within twice the ERK density, and uses the lower half of it', () => {
    const densities = erkDensities(graph, 0.1);
    let low = 0;
    for (const row of drawPool(request('erk', 0.1)).counts) {
      for (const [i, count] of row.entries()) {
        const { name, size: own } = specs[i]!;
        expect(count).toBeLessThanOrEqual(keptCount(Math.min(1, 2 * densities.get(name)!), own));
        if (count < 0.5 * densities.get(name)! * own) low++;
      }
    }
    expect(low).toBeGreaterThan(10);
  });

  it('mixes by taking turns', () => {
    const mixed = drawPool(request('mixed', 0.1)).counts;

    expect(mixed.filter((_, c) => c % 2 === 0)).toEqual(
      drawPool(request('uniform', 0.1)).counts.filter((_, c) => c % 2 === 0),
    );
    expect(mixed.filter((_, c) => c % 2 === 1)).toEqual(
      drawPool(request('erk', 0.1)).counts.filter((_, c) => c % 2 === 1),
    );
  });

  it('draws the same for the same seed, another for another, and a larger pool begins with the smaller', () => {
    const { counts } = drawPool(request('uniform', 0.1, 4));

    expect(drawPool(request('uniform', 0.1, 4)).counts).toEqual(counts);
    expect(drawPool(request('uniform', 0.1, 7)).counts.slice(0, 4)).toEqual(counts);
    expect(drawPool({ ...request('uniform', 0.1, 4), seed: 6 }).counts).not.toEqual(counts);
  });

  it('comes as near as whole weights allow in a tiny net', () => {
    const tiny = buildModel({ name: 'mlp', width: 2 }, [1, 1, 3], 2);
    const { counts } = drawPool({
      ...request('uniform', 0.33),
      graph: tiny,
      params: initialState(tiny, 1).params,
    });

    // 3.3 of 10 weights.
    for (const row of counts) expect(kept(row)).toBe(3);
  });

  it('refuses impossible wishes', () => {
    expect(() => drawPool(request('uniform', 1e-6))).toThrow('in 19 layers that keep at least one each');
    expect(() => drawPool(request('uniform', 0))).toThrow('[invalid_argument] density 0');
    expect(() => drawPool(request('uniform', 0.1, 0))).toThrow('[invalid_argument] pool size 0');
    expect(() => drawPool({ ...request('uniform', 0.1), params: new Map() })).toThrow('[invalid_params]');
  });
});

describe('candidateMask', () => {
  it.each(allocations)('around %p a client rebuilds exactly the coordinator’s candidates', (allocation) => {
    const { union, counts } = drawPool(request(allocation, 0.1));
    const sent = packActive(graph, new Mask(union), params);
    const received = unpackActive(graph, new Mask(union), sent);

    for (const row of counts) {
      const dense = specs.map((spec, i) => topK(params.get(spec.name)!.map(Math.abs), row[i]!));
      const mask = candidateMask(graph, union, received, row);

      expect(mask.layers.map(({ active }) => active)).toEqual(dense);
      expect(mask.hash).toBe(candidateMask(graph, union, params, row).hash);
    }
  });

  it('breaks ties alike on both sides, by the lower index', () => {
    const tied = new Map([...params].map(([name, values]) => [name, values.map((_, i) => (i % 3) - 1)]));
    const { union, counts } = drawPool({ ...request('uniform', 0.4), params: tied });
    const received = unpackActive(graph, new Mask(union), packActive(graph, new Mask(union), tied));

    for (const row of counts) {
      const dense = specs.map((spec, i) => topK(tied.get(spec.name)!.map(Math.abs), row[i]!));
      expect(candidateMask(graph, union, received, row).layers.map(({ active }) => active)).toEqual(dense);
    }
  });

  it('sends no more than the largest candidate of each layer', () => {
    const { union, counts } = drawPool(request('uniform', 0.1));

    expect(union.map(({ active }) => active.length)).toEqual(
      specs.map((_, i) => Math.max(...counts.map((row) => row[i]!))),
    );
  });

  it('refuses counts and unions that do not fit', () => {
    const { union, counts } = drawPool(request('uniform', 0.1, 2));
    const changed = (value: number) => counts[0]!.map((count, i) => (i === 3 ? value : count));

    expect(() => candidateMask(graph, union, params, changed(0))).toThrow(
      '[invalid_mask] a candidate keeps 0',
    );
    expect(() => candidateMask(graph, union, params, changed(size))).toThrow('[invalid_mask]');
    expect(() => candidateMask(graph, union, params, counts[0]!.slice(1))).toThrow(
      '18 counts for a pool of 19',
    );
    expect(() => candidateMask(graph, union.slice(1), params, counts[0]!.slice(1))).toThrow('[invalid_mask]');
  });
});
