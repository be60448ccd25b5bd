import { describe, expect, it } from '@jest/globals';
import type { GraphNode, ModelGraph } from '../graph/model-graph.js';
import { initialState } from './initialize.js';
import type { ModelState } from './model-state.js';
import { withDenseScale } from './dense-scale.js';

const conv = (name: string, input: string, useBias = false): GraphNode => ({
  name,
  op: 'conv2d',
  inputs: [input],
  filters: 1,
  kernelSize: [1, 2],
  strides: [1, 1],
  padding: 'same',
  groups: 1,
  useBias,
});
const norm = (name: string, input: string): GraphNode => ({
  name,
  op: 'batchNorm',
  inputs: [input],
  epsilon: 1e-5,
  initialGamma: 1,
});

/** `normed` goes through a batch norm alone, `shared` is added as well, `bare` has no norm; the stem is not maskable. */
const graph: ModelGraph = {
  name: 'scales',
  nodes: [
    { name: 'input', op: 'input', inputs: [], shape: [2, 2, 1] },
    conv('stem', 'input'),
    conv('normed', 'stem', true),
    norm('bn', 'normed'),
    conv('shared', 'bn'),
    norm('bn2', 'shared'),
    { name: 'sum', op: 'add', inputs: ['bn2', 'shared'] },
    conv('bare', 'sum'),
    { name: 'flat', op: 'flatten', inputs: ['bare'] },
    { name: 'fc', op: 'dense', inputs: ['flat'], units: 2, useBias: true },
  ],
  output: 'fc',
  blocks: [],
};

function state(): ModelState {
  const { params, moments } = initialState(graph, 1);
  return {
    params: new Map([
      ...params,
      ['normed/kernel', Float32Array.of(3, -4)],
      ['normed/bias', Float32Array.of(2)],
      ['shared/kernel', Float32Array.of(3, -4)],
      ['bare/kernel', Float32Array.of(3, -4)],
    ]),
    moments: new Map([...moments, ['bn', { mean: Float32Array.of(5), variance: Float32Array.of(7) }]]),
  };
}

const keeping = (active: readonly number[], name = 'normed/kernel') => [
  { name, size: 2, active: Uint32Array.from(active) },
];

describe('withDenseScale', () => {
  // rms of 3 and 4 is √12.5 = 3.5355; of 4 alone it is 4.
  const factor = Math.sqrt(12.5) / 4;

  it('scales a layer behind a batch norm, its bias and what the norm has gathered', () => {
    const { params, moments } = withDenseScale(graph, state(), keeping([1]));
    expect(params.get('normed/kernel')).toEqual(Float32Array.of(3 * factor, -4 * factor));
    expect(params.get('normed/bias')).toEqual(Float32Array.of(2 * factor));
    expect(moments.get('bn')).toEqual({
      mean: Float32Array.of(5 * factor),
      variance: Float32Array.of(7 * factor * factor),
    });
    expect(moments.get('bn2')).toEqual(state().moments.get('bn2'));
  });

  it.each([
    ['whose output something else reads', 'shared/kernel', [1]],
    ['without a batch norm', 'bare/kernel', [1]],
    ['that keeps nothing', 'normed/kernel', []],
    ['that keeps everything', 'normed/kernel', [0, 1]],
  ])('leaves a layer %s', (_, name, active) => {
    expect(withDenseScale(graph, state(), keeping(active, name))).toEqual(state());
  });

  it('changes nothing that it was given', () => {
    const given = state();
    withDenseScale(graph, given, keeping([1]));
    expect(given).toEqual(state());
  });
});
