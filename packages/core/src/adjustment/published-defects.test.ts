/**
 * One test per defect of the public FedTiny implementations that touches selection, schedule, regrowth or averaging.
 * Each also works out what the defect gives, to show that the test would notice it.
 */
import { describe, expect, it } from '@jest/globals';
import { weightedMean } from '../aggregation/weighted-mean.js';
import { chooseCandidate } from '../candidates/choose-candidate.js';
import { mergeMoments, type MomentReport } from '../batchnorm/merge-moments.js';
import { maskableSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import type { AdjustmentSpec } from './adjustment-spec.js';
import { topInactive } from '../mask/bounded-top-k.js';
import { maskDelta } from '../mask/delta.js';
import { denseMask, Mask, type LayerMask } from '../mask/mask.js';
import { initialState } from '../params/initialize.js';
import { alwaysDenseCount } from '../params/pack.js';
import { adjustMask } from './adjust-mask.js';
import { meanTopGradients } from './mean-gradients.js';
import { adjustmentUnit, adjustmentUnits } from './adjustment-unit.js';
import { candidateMask, drawPool } from '../candidates/candidate-pool.js';
import { adjustmentRequests, exchangeCount, isAdjustmentRound } from './exchange-schedule.js';

const graph = buildModel({ name: 'resnet18', width: 4 }, [8, 8, 3], 3);
const { params } = initialState(graph, 1);
const spec: AdjustmentSpec = {
  interval: 10,
  stopRound: 100,
  granularity: 'block',
  peakFraction: 0.3,
  gradientWeighting: 'samples',
};
const rounds = Array.from({ length: 300 }, (_, round) => round).filter((round) =>
  isAdjustmentRound(round, spec),
);
const kernel = (size: number, ...active: number[]): LayerMask => ({
  name: 'a/kernel',
  size,
  active: Uint32Array.from(active),
});
const firstOf = (count: number, size: number) => kernel(size, ...Array.from({ length: count }, (_, i) => i));

describe('research code', () => {
  it('1: batch-norm statistics of all clients count, not the last client’s scaled down', () => {
    const report = (samples: number, mean: number): MomentReport => ({
      samples,
      moments: new Map([['bn', { mean: Float32Array.of(mean), variance: Float32Array.of(1) }]]),
    });
    const reports = [report(30, 4), report(10, 8)];

    const merged = mergeMoments(reports, 'mean').get('bn')!;

    const lastOnly = (10 / 40) * 8;
    expect(merged).toEqual({ mean: Float32Array.of(5), variance: Float32Array.of(1) });
    expect(lastOnly).not.toBe(5);
  });

  it('2: every block has its turn, because the adjustment’s counter chooses, not the round', () => {
    const blocks = adjustmentUnits(graph, 'block');
    const visited = rounds.map((_, adjustment) => adjustmentUnit(graph, 'block', adjustment)[0]);

    const byRound = rounds.map((round) => adjustmentUnit(graph, 'block', round)[0]);
    expect(new Set(visited).size).toBe(blocks.length);
    expect(new Set(byRound).size).toBeLessThan(blocks.length);
  });

  it('3: layer mode never steps past the end, and keeps to the interval', () => {
    const layers = maskableSpecs(graph).map(({ name }) => name);
    const turns = Array.from({ length: 3 * layers.length }, (_, adjustment) =>
      adjustmentUnit(graph, 'layer', adjustment),
    );

    for (const [adjustment, turn] of turns.entries()) {
      expect(turn).toEqual([layers[layers.length - 1 - (adjustment % layers.length)]]);
    }
    // layers[layers.length − counter % layers.length], as published, is undefined at counter 0.
    expect(layers[layers.length]).toBeUndefined();
    expect(rounds).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90]);
  });

  it('4: the exchange decays over the real rounds', () => {
    const counts = rounds.map((round) => exchangeCount(round, spec, 10_000));

    const steppedOncePerAdjustment = exchangeCount(rounds.length, spec, 10_000);
    expect(counts[4]).toBe(1500);
    expect(counts.at(-1)).toBe(73);
    expect(steppedOncePerAdjustment).toBeGreaterThan(2900);
  });

  it('4: as many weights are dropped as grown, adjustment after adjustment', () => {
    let mask = new Mask([firstOf(40, 100)]);
    for (const round of rounds) {
      const current = mask.layers[0]!;
      const count = exchangeCount(round, spec, current.active.length);
      const values = Float32Array.from({ length: 100 }, (_, i) => ((i * 37 + round) % 101) - 50.5);
      const top = topInactive(current, values, count);
      const gradients = new Map([['a/kernel', { ...top, values: Float64Array.from(top.values) }]]);
      const requests = [{ layer: 'a/kernel', count }];
      const next = adjustMask({ mask, params: new Map([['a/kernel', values]]), gradients, requests }).mask;

      for (const { dropped, grown } of maskDelta(mask, next)) expect(dropped).toHaveLength(grown.length);
      mask = next;
    }
    // Growing by the count before each decay step and pruning by the one after adds their difference every time.
    const creep = rounds.reduce(
      (sum, round) => sum + exchangeCount(round - 10, spec, 40) - exchangeCount(round, spec, 40),
      0,
    );
    expect(mask.activeCount).toBe(40);
    expect(mask.version).toBeGreaterThan(5);
    expect(creep).toBeGreaterThan(0);
  });

  it('6: a layer that is nearly dense exchanges as the formula says', () => {
    const layers = denseMask(graph).layers.map(({ name, size }) => ({
      ...firstOf(Math.round(0.85 * size), size),
      name,
    }));
    const [request] = adjustmentRequests(
      graph,
      new Mask(layers),
      { ...spec, granularity: 'layer' },
      { round: 60, adjustment: 0 },
    );

    const { size, active } = layers.at(-1)!;
    const published = Math.round(0.15 * (1 + Math.cos(0.6 * Math.PI)) * active.length);
    expect(published).toBeLessThan(size - active.length);
    expect(request!.count).toBe(published);
  });

  it('7: the order in which candidates are built does not matter', () => {
    const { union, counts } = drawPool({
      graph,
      density: 0.1,
      spec: { size: 6, allocation: 'uniform' },
      seed: 2,
      params,
    });
    const received = new Map([...params].map(([name, values]) => [name, values.slice()]));
    const forward = counts.map((row) => candidateMask(graph, union, received, row).hash);
    const backward = [...counts].reverse().map((row) => candidateMask(graph, union, received, row).hash);

    const contaminated = counts.map(
      (row) =>
        candidateMask(
          graph,
          union,
          received,
          row.map((count, l) => Math.min(count, counts[0]![l]!)),
        ).hash,
    );
    expect(backward.reverse()).toEqual(forward);
    expect(received).toEqual(params);
    expect(contaminated.slice(1)).not.toEqual(forward.slice(1));
  });

  it('8: growth scores the gradient itself, not its product with a weight that is 0', () => {
    const values = Float32Array.of(5, 0, 0, 0);
    const gradient = Float64Array.of(1, 3, 2);
    const adjusted = adjustMask({
      mask: new Mask([kernel(4, 0)]),
      params: new Map([['a/kernel', values]]),
      gradients: new Map([['a/kernel', { indices: Uint32Array.of(1, 2, 3), values: gradient }]]),
      requests: [{ layer: 'a/kernel', count: 1 }],
    });

    const byMaskGradient = [1, 2, 3].map((index, i) => (gradient[i]! * values[index]!) ** 2);
    expect([...adjusted.mask.layers[0]!.active]).toEqual([2]);
    expect(new Set(byMaskGradient)).toEqual(new Set([0]));
  });

  it('9: averaging leaves every client’s numbers as they came', async () => {
    const updates = [Float32Array.of(1, 2), Float32Array.of(3, 6)];
    const moments = updates.map((mean) => new Map([['bn', { mean: mean.slice(), variance: mean.slice() }]]));
    const tops = updates.map((values) => [
      { layer: 'a/kernel', indices: Uint32Array.of(0, 1), values: values.slice() },
    ]);
    const before = structuredClone({ updates, moments, tops });

    const readers = updates.map((values) => () => Promise.resolve({ values, weight: 2 }));
    await weightedMean.aggregate({ length: 2, updates: readers }, {});
    mergeMoments(moments.map((own) => ({ moments: own, samples: 2 })));
    meanTopGradients(
      tops.map((topGradients) => ({ samples: 2, topGradients })),
      'samples',
    );

    expect({ updates, moments, tops }).toEqual(before);
  });
});

describe('library', () => {
  it('1: clients report a_t gradients of one block, not the dense gradient of every layer', () => {
    const layers = denseMask(graph).layers.map(({ name, size }) => ({
      ...firstOf(Math.ceil(0.1 * size), size),
      name,
    }));
    const mask = new Mask(layers);
    const requests = adjustmentRequests(graph, mask, spec, { round: 10, adjustment: 0 });

    expect(requests.map(({ layer }) => layer)).toEqual(adjustmentUnit(graph, 'block', 0));
    expect(requests.length).toBeLessThan(layers.length);
    for (const { layer, count } of requests) {
      const own = mask.layer(layer)!;
      const { indices } = topInactive(own, params.get(layer)!, count);
      expect(indices).toHaveLength(exchangeCount(10, spec, own.active.length));
      expect(indices.length).toBeLessThan(own.size / 30);
    }
  });

  it('1: a weight just dropped does not come straight back', () => {
    const mask = new Mask([kernel(6, 0, 1, 2)]);
    // Weight 1 is the smallest and has the largest gradient of all.
    const { mask: next } = adjustMask({
      mask,
      params: new Map([['a/kernel', Float32Array.of(3, 0.5, 2, 0, 0, 0)]]),
      gradients: new Map([['a/kernel', { indices: Uint32Array.of(1, 4), values: Float64Array.of(99, 1) }]]),
      requests: [{ layer: 'a/kernel', count: 1 }],
    });

    expect([...next.layers[0]!.active]).toEqual([0, 2, 4]);
  });

  it('2: candidates differ in how density is spread, and all rank the same weights', () => {
    const { counts } = drawPool({
      graph,
      density: 0.1,
      spec: { size: 8, allocation: 'uniform' },
      seed: 2,
      params,
    });

    // Other seeds would mean other weights under the same counts.
    for (let layer = 0; layer < counts[0]!.length; layer++) {
      const { size } = maskableSpecs(graph)[layer]!;
      if (size > 1000) expect(new Set(counts.map((row) => row[layer])).size).toBeGreaterThan(4);
    }
    for (const row of counts) {
      const dense = candidateMask(graph, denseMask(graph).layers, params, row);
      const smaller = candidateMask(
        graph,
        denseMask(graph).layers,
        params,
        row.map((count) => Math.ceil(count / 2)),
      );
      const grown = maskDelta(dense, smaller).flatMap((change) => [...change.grown]);
      expect(grown).toEqual([]);
    }
  });

  it('2: losses are weighted by samples', () => {
    const loss = (lossSum: number, samples: number) => ({ lossSum, samples, correct: 0 });
    const reports = [
      [loss(1, 10), loss(9, 10)],
      [loss(90, 90), loss(63, 90)],
    ];

    const unweighted = [0, 1].map((c) =>
      reports.reduce((sum, own) => sum + own[c]!.lossSum / own[c]!.samples, 0),
    );
    expect(chooseCandidate(reports)).toBe(1);
    expect(unweighted[0]).toBeLessThan(unweighted[1]!);
  });

  it('2: grown positions are those of the whole layer, not ranks among the inactive', () => {
    const layer = kernel(8, 0, 1, 4);
    const gradient = Float32Array.of(0, 0, 1, 2, 0, 3, 9, 4);
    const top = topInactive(layer, gradient, 1);
    const means = meanTopGradients(
      [{ samples: 1, topGradients: [{ layer: 'a/kernel', ...top }] }],
      'samples',
    );
    const adjusted = adjustMask({
      mask: new Mask([layer]),
      params: new Map([['a/kernel', Float32Array.of(1, 2, 0, 0, 3, 0, 0, 0)]]),
      gradients: means,
      requests: [{ layer: 'a/kernel', count: 1 }],
    });

    const rankAmongInactive = [2, 3, 5, 6, 7].indexOf(6);
    expect([...adjusted.mask.layers[0]!.active]).toEqual([1, 4, 6]);
    expect(rankAmongInactive).not.toBe(6);
  });

  it('4: a density below the share of the always-dense parameters is possible', () => {
    const density = 0.01;
    const maskable = maskableSpecs(graph).reduce((sum, { size }) => sum + size, 0);
    const overhead = alwaysDenseCount(graph);
    const { counts } = drawPool({ graph, density, spec: { size: 3, allocation: 'mixed' }, seed: 2, params });

    expect(density * (maskable + overhead)).toBeLessThan(overhead);
    for (const row of counts) {
      const kept = row.reduce((sum, count) => sum + count, 0);
      expect(Math.abs(kept / maskable - density) / density).toBeLessThan(0.02);
    }
  });
});
