import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import type { GraphNode, ModelGraph } from '../graph/model-graph.js';
import { initialState } from './initialize.js';
import { checkState, type ModelState } from './model-state.js';

function valuesOf(state: ModelState, name: string): readonly number[] {
  return [...(state.params.get(name) ?? [])];
}

function variance(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}

describe('initialState of cnn-small', () => {
  const graph = buildModel({ name: 'cnn-small', width: 16 }, [16, 16, 3], 10);
  const state = initialState(graph, 1);

  it('fits its graph', () => {
    expect(() => {
      checkState(graph, state);
    }).not.toThrow();
  });

  it.each([
    ['conv1/kernel', 2 / (9 * 16)],
    ['conv2/kernel', 2 / (9 * 32)],
    ['conv4/kernel', 2 / (9 * 64)],
    ['fc/kernel', 2 / (64 + 10)],
  ])('%s has mean 0 and variance %p', (name, expected) => {
    const values = valuesOf(state, name);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;

    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(expected / values.length));
    expect(Math.abs(variance(values) / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / values.length));
  });

  it('keeps dense kernels within the uniform limit √(6 / (in + out))', () => {
    expect(Math.max(...valuesOf(state, 'fc/kernel').map(Math.abs))).toBeLessThanOrEqual(
      Math.fround(Math.sqrt(6 / 74)),
    );
  });

  it('starts biases and beta at 0, gamma at 1, moments at 0 and 1', () => {
    expect(new Set(valuesOf(state, 'fc/bias'))).toEqual(new Set([0]));
    expect(new Set(valuesOf(state, 'conv1.bn/beta'))).toEqual(new Set([0]));
    expect(new Set(valuesOf(state, 'conv1.bn/gamma'))).toEqual(new Set([1]));
    expect(state.moments.get('conv1.bn')).toEqual({
      mean: new Float32Array(16),
      variance: new Float32Array(16).fill(1),
    });
  });

  it('is the same for the same seed and another for another', () => {
    expect(initialState(graph, 1)).toEqual(state);
    expect(valuesOf(initialState(graph, 2), 'conv2/kernel')).not.toEqual(valuesOf(state, 'conv2/kernel'));
  });

  it('gives a layer the same values in another network', () => {
    const other = initialState(buildModel({ name: 'cnn-small', width: 16 }, [16, 16, 3], 7), 1);
    expect(valuesOf(other, 'conv4/kernel')).toEqual(valuesOf(state, 'conv4/kernel'));
  });

  it('gives these numbers on every engine', () => {
    expect(valuesOf(state, 'conv1/kernel').slice(0, 3)).toEqual([
      0.030935872346162796, -0.18084366619586945, -0.14743447303771973,
    ]);
    expect(valuesOf(state, 'fc/kernel').slice(0, 3)).toEqual([
      -0.08753184974193573, 0.234556183218956, -0.006738333031535149,
    ]);
  });
});

describe('special layers', () => {
  it('resnet18 starts its residual branches at gamma 0', () => {
    const state = initialState(buildModel({ name: 'resnet18', width: 2 }, [8, 8, 3], 10), 1);
    expect(valuesOf(state, 'conv3_x.1.b.bn/gamma')).toEqual([0, 0, 0, 0]);
    expect(valuesOf(state, 'conv3_x.1.a.bn/gamma')).toEqual([1, 1, 1, 1]);
  });

  it('counts a depthwise kernel’s fan-out per group', () => {
    const conv: GraphNode = {
      op: 'conv2d',
      name: 'depthwise',
      inputs: ['x'],
      filters: 512,
      kernelSize: [3, 3],
      strides: [1, 1],
      padding: 'same',
      groups: 512,
      useBias: false,
    };
    const graph: ModelGraph = {
      name: 'one',
      nodes: [
        { op: 'input', name: 'x', inputs: [], shape: [4, 4, 512] },
        conv,
        { op: 'globalAvgPool', name: 'pool', inputs: ['depthwise'] },
      ],
      output: 'pool',
      blocks: [],
    };
    expect(variance(valuesOf(initialState(graph, 1), 'depthwise/kernel')) * 9).toBeCloseTo(2, 0);
  });
});
