import type { ModelGraph } from '../model-graph.js';
import type { ZooInput } from './zoo.js';

/** Two hidden dense layers of `width` units with ReLU on the flattened image, then the classifier; biases everywhere. */
export function mlp({ imageShape, classes, width }: ZooInput): ModelGraph {
  return {
    name: `mlp-w${String(width)}`,
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: imageShape },
      { op: 'flatten', name: 'flatten', inputs: ['image'] },
      { op: 'dense', name: 'fc1', inputs: ['flatten'], units: width, useBias: true },
      { op: 'relu', name: 'fc1.relu', inputs: ['fc1'] },
      { op: 'dense', name: 'fc2', inputs: ['fc1.relu'], units: width, useBias: true },
      { op: 'relu', name: 'fc2.relu', inputs: ['fc2'] },
      { op: 'dense', name: 'fc3', inputs: ['fc2.relu'], units: classes, useBias: true },
    ],
    output: 'fc3',
    blocks: [],
  };
}
