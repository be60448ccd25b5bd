import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkGraph } from '../graph/check-graph.js';
import { numClasses } from '../graph/shapes.js';
import { checkState } from '../params/model-state.js';
import { smallGraphs } from './graph-arbitrary.js';
import { masksOf, noiseBatch, unevenState } from './network-arbitrary.js';

describe('smallGraphs', () => {
  it('are valid, and take the states, masks and batches made for them', () => {
    fc.assert(
      fc.property(
        smallGraphs().chain((graph) => fc.tuple(fc.constant(graph), masksOf(graph))),
        ([graph, mask]) => {
          checkGraph(graph);
          mask.checkFits(graph);
          checkState(graph, unevenState(graph, 1, mask));
          expect(noiseBatch(graph, 3, 1).labels.every((label) => label < numClasses(graph))).toBe(true);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('cover every op, depthwise and grouped convolutions, and every kind of padding', () => {
    const nodes = fc.sample(smallGraphs(), { seed: 1, numRuns: 500 }).flatMap((graph) => graph.nodes);
    const convs = nodes.filter((node) => node.op === 'conv2d');

    expect(new Set(nodes.map(({ op }) => op)).size).toBe(13);
    expect(convs.filter(({ groups }) => groups > 1).length).toBeGreaterThan(50);
    expect(convs.filter(({ strides }) => strides[0] !== strides[1]).length).toBeGreaterThan(50);
    expect(
      new Set(convs.map(({ padding }) => (typeof padding === 'string' ? padding : 'explicit'))).size,
    ).toBe(3);
    expect(nodes.filter(({ op, inputs }) => op === 'add' && inputs[0] !== inputs[1]).length).toBeGreaterThan(
      50,
    );
  });

  it('hold the allowed ops only', () => {
    const graphs = fc.sample(smallGraphs({ ops: new Set(['conv2d', 'relu']) }), { seed: 1, numRuns: 100 });
    const body = graphs.flatMap(({ nodes }) => nodes.filter(({ name }) => name.includes('/')));
    expect(new Set(body.map(({ op }) => op))).toEqual(new Set(['conv2d', 'relu']));
  });
});
