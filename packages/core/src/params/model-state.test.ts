import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { initialState } from './initialize.js';
import { checkState, copyState, identityMoments, type ModelState } from './model-state.js';

const graph = buildModel({ name: 'cnn-small', width: 1 }, [4, 4, 1], 2);
const state = initialState(graph, 1);

function withParam(name: string, values: Float32Array): ModelState {
  return { ...state, params: new Map([...state.params, [name, values]]) };
}

function withMoments(node: string, mean: Float32Array, variance: Float32Array): ModelState {
  return { ...state, moments: new Map([...state.moments, [node, { mean, variance }]]) };
}

it('identityMoments have mean 0 and variance 1 per channel, in graph order', () => {
  expect(
    [...identityMoments(graph)].map(([node, { mean, variance }]) => [node, [...mean], [...variance]]),
  ).toEqual([
    ['conv1.bn', [0], [1]],
    ['conv2.bn', [0, 0], [1, 1]],
    ['conv3.bn', [0, 0, 0, 0], [1, 1, 1, 1]],
    ['conv4.bn', [0, 0, 0, 0], [1, 1, 1, 1]],
  ]);
});

it('copyState is equal and shares nothing', () => {
  const copy = copyState(state);

  expect(copy).toEqual(state);
  copy.params.get('conv2/kernel')?.fill(9);
  copy.moments.get('conv1.bn')?.mean.fill(9);
  copy.moments.get('conv1.bn')?.variance.fill(9);
  expect(state).toEqual(initialState(graph, 1));
});

describe('checkState', () => {
  it('accepts a state of its graph', () => {
    expect(() => {
      checkState(graph, state);
    }).not.toThrow();
  });

  it.each<[string, ModelState]>([
    ['conv1/kernel has 8 values, expected 9', withParam('conv1/kernel', new Float32Array(8))],
    ['conv1/kernel has no values, expected 9', { ...state, params: new Map() }],
    ['fc/bias holds a value that is not finite', withParam('fc/bias', Float32Array.of(0, Number.NaN))],
    ['fc/bias holds a value that is not finite', withParam('fc/bias', Float32Array.of(0, Infinity))],
    [
      'conv2.bn mean has 1 values, expected 2',
      withMoments('conv2.bn', new Float32Array(1), new Float32Array(2)),
    ],
    [
      'conv2.bn variance has 3 values, expected 2',
      withMoments('conv2.bn', new Float32Array(2), new Float32Array(3)),
    ],
    ['conv1.bn mean has no values, expected 1', { ...state, moments: new Map() }],
    ['got 15 parameters, the graph cnn-small-w1 has 14', withParam('stranger', new Float32Array(1))],
  ])('refuses: %s', (message, wrong) => {
    expect(() => {
      checkState(graph, wrong);
    }).toThrow(`[invalid_params] ${message}`);
  });
});
