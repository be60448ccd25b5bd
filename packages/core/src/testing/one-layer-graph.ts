import type { ModelGraph } from '../graph/model-graph.js';

/** One maskable layer of 4 × 2 weights, `fc1/kernel`, and a classifier: small enough to check masks by eye. */
export const oneLayerGraph: ModelGraph = {
  name: 'one-layer',
  nodes: [
    { op: 'input', name: 'image', inputs: [], shape: [2, 2, 1] },
    { op: 'flatten', name: 'flatten', inputs: ['image'] },
    { op: 'dense', name: 'fc1', inputs: ['flatten'], units: 2, useBias: false },
    { op: 'relu', name: 'fc1.relu', inputs: ['fc1'] },
    { op: 'dense', name: 'fc2', inputs: ['fc1.relu'], units: 2, useBias: false },
  ],
  output: 'fc2',
  blocks: [],
};
