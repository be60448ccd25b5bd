import { buildModel } from '../graph/zoo/index.js';
import type { ModelGraph } from '../graph/model-graph.js';

/** Small networks of different make, for contract suites: dense layers only, plain convolutions, residual branches. */
export const exampleGraphs: readonly ModelGraph[] = [
  buildModel({ name: 'mlp', width: 7 }, [4, 4, 3], 3),
  buildModel({ name: 'cnn-small', width: 3 }, [8, 8, 3], 2),
  buildModel({ name: 'resnet18', width: 2 }, [8, 8, 3], 5),
];
