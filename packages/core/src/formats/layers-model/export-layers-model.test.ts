import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { forwardMacs } from '../../budget/macs.js';
import type { Conv2dNode, GraphNode, ModelGraph, PoolNode } from '../../graph/model-graph.js';
import { parameterSpecs } from '../../graph/parameters.js';
import { inferShapes } from '../../graph/shapes.js';
import { buildModel, zooNames } from '../../graph/zoo/index.js';
import { initialState } from '../../params/initialize.js';
import { applyMask } from '../../params/pack.js';
import { masksOf, unevenState } from '../../testing/network-arbitrary.js';
import { layersModelAsBundle } from './as-bundle.js';
import { exportLayersModel, type ExportedLayersModel } from './export-layers-model.js';
import { importLayersModel, type ImportedLayersModel } from './import-layers-model.js';

/** Through JSON text, as a file goes. */
function imported({ modelJson, weightData }: ExportedLayersModel): ImportedLayersModel {
  return importLayersModel(JSON.parse(JSON.stringify(modelJson)), weightData);
}

function layersOf({ modelJson }: ExportedLayersModel): readonly (readonly [string, string, unknown])[] {
  return modelJson.modelTopology.model_config.config.layers.map(({ class_name, name, config }) => [
    class_name,
    name,
    config.padding,
  ]);
}

/** A conv or pool between a ReLU (or not) and a global pool. */
function around(node: GraphNode, positive: boolean): ModelGraph {
  const relu: GraphNode = { op: 'relu', name: 'relu', inputs: ['x'] };
  return {
    name: 'around',
    nodes: [
      { op: 'input', name: 'x', inputs: [], shape: [6, 6, 4] },
      ...(positive ? [relu] : []),
      { ...node, inputs: [positive ? 'relu' : 'x'] },
      { op: 'globalAvgPool', name: 'gap', inputs: [node.name] },
    ],
    output: 'gap',
    blocks: [],
  };
}

const conv: Conv2dNode = {
  op: 'conv2d',
  name: 'conv',
  inputs: [],
  filters: 4,
  kernelSize: [3, 3],
  strides: [2, 2],
  padding: 'same',
  groups: 1,
  useBias: false,
};
const pool: PoolNode = {
  op: 'maxPool',
  name: 'pool',
  inputs: [],
  poolSize: [3, 3],
  strides: [2, 2],
  padding: 'same',
};
const ALL_ONE = { top: 1, bottom: 1, left: 1, right: 1 };

function exportOf(graph: ModelGraph): ExportedLayersModel {
  return exportLayersModel(graph, initialState(graph, 1), null);
}

describe.each(zooNames())('%s', (name) => {
  it('comes back with its nodes and numbers; pruned weights as 0, the mask with them', () => {
    const graph = buildModel({ name, width: 4 }, [12, 12, 3], 5);
    fc.assert(
      fc.property(masksOf(graph), fc.nat(1000), (mask, seed) => {
        const state = unevenState(graph, seed);
        const model = exportLayersModel(graph, state, mask, { classes: ['a', 'b', 'c', 'd', 'e'] });

        const back = imported(model);
        const bundle = layersModelAsBundle(back);

        expect(model.weightData.length % 4).toBe(0);
        expect(back.state).toEqual({ params: applyMask(graph, mask, state.params), moments: state.moments });
        expect(parameterSpecs(back.graph)).toEqual(parameterSpecs(graph));
        expect([...inferShapes(back.graph)]).toEqual([...inferShapes(graph)]);
        expect(forwardMacs(back.graph, null)).toEqual(forwardMacs(graph, null));
        expect(bundle.mask.hash).toBe(mask.hash);
        expect(bundle.classes).toEqual(['a', 'b', 'c', 'd', 'e']);
      }),
      { seed: 9, numRuns: 3 },
    );
  });
});

describe('padding', () => {
  const padded = { ...ALL_ONE, right: 2 };

  it.each([
    ['same stays', { ...conv }, [['Conv2D', 'conv', 'same']]],
    [
      'none is valid',
      { ...conv, padding: { top: 0, bottom: 0, left: 0, right: 0 } },
      [['Conv2D', 'conv', 'valid']],
    ],
    [
      'pixels of same are same',
      { ...conv, padding: { top: 0, bottom: 1, left: 0, right: 1 } },
      [['Conv2D', 'conv', 'same']],
    ],
    [
      'other pixels stand before it',
      { ...conv, padding: padded },
      [
        [
          'ZeroPadding2D',
          'conv.pad',
          [
            [1, 1],
            [1, 2],
          ],
        ],
        ['Conv2D', 'conv', 'valid'],
      ],
    ],
    [
      'same at a stride beyond the kernel stands before it, for wasm',
      { ...conv, kernelSize: [3, 1] as const },
      [
        [
          'ZeroPadding2D',
          'conv.pad',
          [
            [0, 1],
            [0, 0],
          ],
        ],
        ['Conv2D', 'conv', 'valid'],
      ],
    ],
    [
      'of a max-pool over what is not negative',
      { ...pool, padding: padded },
      [
        [
          'ZeroPadding2D',
          'pool.pad',
          [
            [1, 1],
            [1, 2],
          ],
        ],
        ['MaxPooling2D', 'pool', 'valid'],
      ],
    ],
  ] as const)('%s', (_, node, layers) => {
    const model = exportOf(around(node, true));
    expect(layersOf(model).slice(2, -1)).toEqual(layers);
    expect(inferShapes(imported(model).graph).get(node.name)).toEqual(
      inferShapes(around(node, true)).get(node.name),
    );
  });
});

describe('what tfjs has no layer for', () => {
  it('is named, all of it at once', () => {
    const graph: ModelGraph = {
      name: 'odd',
      nodes: [
        { op: 'input', name: 'x', inputs: [], shape: [6, 6, 4] },
        { ...conv, name: 'grouped', inputs: ['x'], groups: 2, strides: [1, 1] },
        { ...pool, name: 'max', inputs: ['grouped'], padding: ALL_ONE },
        { ...pool, op: 'avgPool', name: 'mean', inputs: ['max'], padding: { ...ALL_ONE, top: 2 } },
        { op: 'globalAvgPool', name: 'gap', inputs: ['mean'] },
      ],
      output: 'gap',
      blocks: [],
    };
    expect(() => exportOf(graph)).toThrow(
      '[op_unsupported] cannot write 3 layers: grouped (conv2d: has 2 groups of 2 channels; tfjs-layers knows full and ' +
        'depthwise convolutions only), max (maxPool: pads by explicit pixels, whose zeros may be larger than its input, ' +
        'which can be negative), mean (avgPool: pads by explicit pixels, which an AveragePooling2D would take into the mean)',
    );
  });

  it('depthwise convolutions are not among it', () => {
    const graph = around({ ...conv, groups: 4, filters: 8 }, false);
    expect(layersOf(exportOf(graph)).map(([className]) => className)).toContain('DepthwiseConv2D');
    expect(imported(exportOf(graph)).graph.nodes).toEqual(graph.nodes);
  });
});

describe('options', () => {
  const graph = buildModel({ name: 'mlp', width: 4 }, [2, 2, 1], 2);

  it('softmax ends the model, and falls away on the way back', () => {
    const model = exportLayersModel(graph, initialState(graph, 1), null, { softmax: true });
    expect(layersOf(model).at(-1)).toEqual(['Activation', 'softmax', undefined]);
    expect(model.modelJson.modelTopology.model_config.config.output_layers).toEqual([['softmax', 0, 0]]);
    expect(imported(model)).toMatchObject({ softmax: true, graph: { output: 'fc3' } });
    expect(imported(exportOf(graph)).softmax).toBe(false);
  });

  it('normalization is kept for whoever prepares images', () => {
    const normalization = { mean: [0.5], std: [0.25] };
    const back = imported(exportLayersModel(graph, initialState(graph, 1), null, { normalization }));
    expect(layersModelAsBundle(back).normalization).toEqual(normalization);
    expect(layersModelAsBundle(imported(exportOf(graph))).normalization).toEqual({ mean: [0], std: [1] });
    expect(layersModelAsBundle(back).classes).toEqual(['0', '1']);
  });

  it('refuses more classes than logits, and numbers that are not finite', () => {
    const state = initialState(graph, 1);
    expect(() => exportLayersModel(graph, state, null, { classes: ['a'] })).toThrow(
      /\[invalid_argument\] got 1 class names/,
    );
    state.params.get('fc1/bias')?.fill(Number.NaN);
    expect(() => exportLayersModel(graph, state, null)).toThrow(/\[invalid_params\] fc1\/bias/);
  });

  it('refuses NaN weights and negative variances on the way in', () => {
    const small = buildModel({ name: 'cnn-small', width: 1 }, [8, 8, 1], 2);
    const model = exportOf(small);
    const poisoned = (value: number, at: number): ExportedLayersModel => {
      const weightData = model.weightData.slice();
      new DataView(weightData.buffer).setFloat32(4 * at, value, true);
      return { ...model, weightData };
    };
    expect(() => imported(poisoned(Number.NaN, 0))).toThrow(
      /\[invalid_params\] conv1\/kernel holds a value that is not finite/,
    );
    // The stem has 9 weights, its norm gamma, beta and mean before the variance.
    expect(() => imported(poisoned(-1, 12))).toThrow(
      /\[invalid_params\] conv1.bn has variance -1 in channel 0/,
    );
  });
});
