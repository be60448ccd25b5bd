import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { channelGroups, removeChannels, type GraphWithState } from '../groups/index.js';
import { buildModel } from '../graph/zoo/index.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { checkState, type ModelState } from '../params/model-state.js';
import { levelTable, quantizeKernel } from '../quantization/index.js';
import { uniformQuantizer } from '../quantization/uniform.js';
import { noiseBatch, unevenState } from '../testing/network-arbitrary.js';
import { smallGraphs } from '../testing/graph-arbitrary.js';
import { doubled, referenceForward } from '../testing/reference-network.js';
import { parameterSpecs } from '../graph/parameters.js';
import { inferShapes } from '../graph/shapes.js';
import { normalCumulative, reluSeries, relu6Series } from './gaussian.js';
import type { Activations } from './activations.js';
import { forwardNode } from './forward-node.js';
import { numbersOf } from './layer-numbers.js';
import { analyticSignals, repairNetwork, sampledSignals } from './index.js';

const logits = (graph: ModelGraph, state: ModelState, seed = 1): Float64Array =>
  referenceForward(graph, doubled(state.params), noiseBatch(graph, 8, seed), state.moments).logits;

const distance = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(
    a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) /
      a.reduce((sum, value) => sum + value * value, 0),
  );

/** A network in which every second channel is a multiple of the one before, with the statistics it really has. */
function redundant(): GraphWithState {
  const graph = buildModel({ name: 'vgg11-bn', width: 4 }, [16, 16, 3], 4);
  const { params } = unevenState(graph, 3);
  const copy = (name: string, width: number, factor: number): void => {
    const values = params.get(name) ?? new Float32Array(0);
    for (let i = 1; i < values.length; i += 2) if (width % 2 === 0) values[i] = factor * values[i - 1]!;
  };
  for (const { name, op } of graph.nodes) {
    if (op !== 'batchNorm') continue;
    const width = params.get(`${name}/gamma`)!.length;
    copy(`${name.replace('.bn', '')}/kernel`, width, 1);
    copy(`${name}/gamma`, width, 1.5);
    copy(`${name}/beta`, width, 1.5);
  }
  const { statistics } = referenceForward(graph, doubled(params), noiseBatch(graph, 32, 9));
  const moments = [...statistics].map(([node, { mean, variance }]) => {
    return [node, { mean: Float32Array.from(mean), variance: Float32Array.from(variance) }] as const;
  });
  return { graph, state: { params, moments: new Map(moments) } };
}

/** The groups at odd places of their layer. */
const seconds = (graph: ModelGraph): Set<number> =>
  new Set(
    channelGroups(graph)
      .groups.filter(({ producers }) => producers[0]!.positions[0]! % 2 === 1)
      .map(({ id }) => id),
  );

const both = { folds: true, recalibrates: true };

describe('repair', () => {
  const original = redundant();
  const smaller = removeChannels(original, seconds(original.graph));
  const wanted = logits(original.graph, original.state);
  const sources = [
    ['weights alone', analyticSignals, 0.02],
    ['images', sampledSignals(noiseBatch(original.graph, 64, 2).images, 64), 0.1],
  ] as const;

  it.each(sources)('from %s expresses a channel that is a multiple of another by it', (_, signals, bound) => {
    const state = repairNetwork<never>(original, smaller, {
      ...both,
      signals: signals as never,
      ridge: 1e-4,
      table: null,
    });
    checkState(smaller.graph, state);
    expect(distance(wanted, logits(smaller.graph, smaller.state))).toBeGreaterThan(0.1);
    expect(distance(wanted, logits(smaller.graph, state))).toBeLessThan(bound);
  });

  it('leaves a network that lost nothing alone', () => {
    const whole = removeChannels(original, new Set());
    const state = repairNetwork(original, whole, {
      signals: analyticSignals,
      ridge: 0.05,
      table: null,
      ...both,
    });
    expect(distance(wanted, logits(whole.graph, state))).toBeLessThan(1e-5);
  });

  it('rounds kernels to the table and stays nearer than plain rounding', () => {
    const table = levelTable(uniformQuantizer, 4);
    const state = repairNetwork(original, smaller, { signals: analyticSignals, ridge: 0.05, table, ...both });
    const kernel = state.params.get('conv2_1/kernel')!;
    const first = kernel.filter((_, i) => i % 4 === 0).map(Math.abs);
    const scale = Math.max(...first);
    for (const value of first) {
      expect(Math.abs((value / scale) * 7 - Math.round((value / scale) * 7))).toBeLessThan(1e-4);
    }
    const plain = new Map(smaller.state.params);
    for (const { name, role, shape } of parameterSpecs(smaller.graph)) {
      if (role === 'kernel') plain.set(name, quantizeKernel(plain.get(name)!, shape.at(-1)!, table));
    }
    const there = logits(smaller.graph, { ...smaller.state, params: plain });
    expect(distance(wanted, logits(smaller.graph, state))).toBeLessThan(0.7 * distance(wanted, there));
  });

  it('gives valid numbers for any graph and removal', () => {
    fc.assert(
      fc.property(smallGraphs(), fc.nat(1e6), fc.boolean(), (graph, seed, sampled) => {
        const network = { graph, state: unevenState(graph, seed) };
        const kept = new Set<string>();
        const removed = channelGroups(graph).groups.filter(({ space }) => {
          const first = !kept.has(space);
          kept.add(space);
          return !first;
        });
        const cut = removeChannels(network, new Set(removed.map(({ id }) => id)));
        const options = { ridge: 0.05, table: levelTable(uniformQuantizer, 6), ...both };
        const state = sampled
          ? repairNetwork(network, cut, {
              ...options,
              signals: sampledSignals(noiseBatch(graph, 4, seed).images, 4),
            })
          : repairNetwork(network, cut, { ...options, signals: analyticSignals });
        checkState(cut.graph, state);
      }),
      { seed: 4, numRuns: 150 },
    );
  });
});

describe('what repair is made of', () => {
  it('knows means and variances of bent normal variables', () => {
    // By quadrature over ±10 deviations.
    const moment = (bend: (x: number) => number, mean: number, deviation: number, power: number): number => {
      let sum = 0;
      for (let i = -10000; i <= 10000; i++) {
        const x = i / 1000;
        sum +=
          (bend(mean + deviation * x) ** power * Math.exp(-0.5 * x * x) * 0.001) / Math.sqrt(2 * Math.PI);
      }
      return sum;
    };
    const cases = [
      [reluSeries, (x: number) => Math.max(x, 0)],
      [relu6Series, (x: number) => Math.min(6, Math.max(x, 0))],
    ] as const;
    for (const [series, bend] of cases) {
      for (const [mean, deviation] of [
        [0.3, 0.8],
        [-1, 0.5],
        [4, 2],
      ] as const) {
        const first = moment(bend, mean, deviation, 1);
        const { mean: got, variance } = series(mean, deviation);
        expect(got).toBeCloseTo(first, 4);
        expect(variance).toBeCloseTo(moment(bend, mean, deviation, 2) - first ** 2, 4);
      }
    }
    expect(normalCumulative(0)).toBeCloseTo(0.5, 6);
  });

  it('runs every op as the reference does', () => {
    fc.assert(
      fc.property(smallGraphs(), fc.nat(1e6), (graph, seed) => {
        const state = unevenState(graph, seed);
        const batch = noiseBatch(graph, 2, seed);
        const shapes = inferShapes(graph);
        const values = new Map<string, Activations>();
        for (const node of graph.nodes) {
          const shape = shapes.get(node.name)!;
          const inputs =
            node.op === 'input'
              ? [{ shape, size: 2, values: batch.images }]
              : node.inputs.map((name) => values.get(name)!);
          values.set(node.name, forwardNode({ node, numbers: numbersOf(state, node), inputs, shape }));
        }
        const here = values.get(graph.output)!.values;
        referenceForward(graph, doubled(state.params), batch, state.moments).logits.forEach((value, i) => {
          expect(Math.abs(value - here[i]!)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(value)));
        });
      }),
      { seed: 5, numRuns: 150 },
    );
  });
});
