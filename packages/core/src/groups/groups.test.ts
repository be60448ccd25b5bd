import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildModel } from '../graph/zoo/index.js';
import { checkGraph } from '../graph/check-graph.js';
import { checkState, type ModelState } from '../params/model-state.js';
import { randomStream } from '../random/stream.js';
import { smallGraphs } from '../testing/graph-arbitrary.js';
import { noiseBatch, unevenState } from '../testing/network-arbitrary.js';
import { doubled, referenceForward } from '../testing/reference-network.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { channelGroups, maskChannels, removeChannels } from './index.js';

/** A random set of groups of which every space keeps one. */
function someGroups(graph: ModelGraph, seed: number, share: number): Set<number> {
  const { groups } = channelGroups(graph);
  const stream = randomStream({ seed, purpose: 'removal' });
  const kept = new Set<string>();
  const removed = new Set<number>();
  for (const { id, space } of [...groups].reverse()) {
    if (kept.has(space) && stream.uniform() < share) removed.add(id);
    else kept.add(space);
  }
  return removed;
}

function logitsOf(graph: ModelGraph, state: ModelState, seed: number): Float64Array {
  return referenceForward(graph, doubled(state.params), noiseBatch(graph, 2, seed), state.moments).logits;
}

describe('removing channels', () => {
  it('gives what silencing them gives, on a thousand random graphs', () => {
    let smaller = 0;
    fc.assert(
      fc.property(smallGraphs(), fc.nat(1e6), (graph, seed) => {
        const state = unevenState(graph, seed);
        const removed = someGroups(graph, seed, 0.5);
        const cut = removeChannels({ graph, state }, removed);
        checkGraph(cut.graph);
        checkState(cut.graph, cut.state);
        const masked = logitsOf(graph, maskChannels({ graph, state }, removed), seed);
        const rewritten = logitsOf(cut.graph, cut.state, seed);
        masked.forEach((value, i) => {
          expect(Math.abs(value - rewritten[i]!)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
        });
        if (removed.size > 0) smaller++;
      }),
      { seed: 8, numRuns: 1000 },
    );
    expect(smaller).toBeGreaterThan(300);
  });

  it('refuses to take all channels of a layer, by its name', () => {
    const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);
    const { groups } = channelGroups(graph);
    const first = groups[0]!.space;
    const all = new Set(groups.filter(({ space }) => space === first).map(({ id }) => id));
    expect(() => removeChannels({ graph, state: unevenState(graph, 1) }, all)).toThrow(
      `[invalid_argument] layer ${first} would lose all its channels`,
    );
  });
});

describe('channel groups', () => {
  it('couples a residual stage with its stem and shortcuts, and never touches the logits', () => {
    const graph = buildModel({ name: 'resnet20', width: 4 }, [8, 8, 3], 3);
    const { groups, groupAt } = channelGroups(graph);
    const stem = groups.find(({ producers }) => producers.some(({ node }) => node === 'conv1'))!;
    expect(stem.producers.map(({ node }) => node)).toEqual([
      'conv1',
      'conv2_x.1.b',
      'conv2_x.2.b',
      'conv2_x.3.b',
    ]);
    expect(stem.readers.map(({ node }) => node)).toContain('conv3_x.1.shortcut');
    expect([...groupAt.get('fc')!]).toEqual([-1, -1, -1]);
    expect([...groupAt.get('image')!]).toEqual([-1, -1, -1]);
    expect(groups).toHaveLength(4 + 8 + 16 + 3 * 4 + 3 * 8 + 3 * 16);
  });

  it('keeps a depthwise filter with its channel, and a flattened channel with all its pixels', () => {
    const graph: ModelGraph = {
      name: 'g',
      output: 'fc',
      blocks: [],
      nodes: [
        { op: 'input', name: 'image', inputs: [], shape: [2, 2, 1] },
        {
          op: 'conv2d',
          name: 'a',
          inputs: ['image'],
          filters: 3,
          kernelSize: [1, 1],
          strides: [1, 1],
          padding: 'same',
          groups: 1,
          useBias: false,
        },
        {
          op: 'conv2d',
          name: 'b',
          inputs: ['a'],
          filters: 3,
          kernelSize: [3, 3],
          strides: [1, 1],
          padding: 'same',
          groups: 3,
          useBias: true,
        },
        { op: 'flatten', name: 'flat', inputs: ['b'] },
        { op: 'dense', name: 'fc', inputs: ['flat'], units: 2, useBias: true },
      ],
    };
    expect(channelGroups(graph).groups[1]).toEqual({
      id: 1,
      producers: [
        { node: 'a', positions: [1] },
        { node: 'b', positions: [1] },
      ],
      readers: [{ node: 'fc', positions: [1, 4, 7, 10] }],
      space: 'a b',
    });
    const { graph: cut } = removeChannels({ graph, state: unevenState(graph, 1) }, new Set([1]));
    expect(cut.nodes[2]).toMatchObject({ filters: 2, groups: 2 });
  });
});
