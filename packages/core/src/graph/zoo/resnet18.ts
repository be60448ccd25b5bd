import type { ModelGraph } from '../model-graph.js';
import { convNormRelu, pooledClassifier } from './layers.js';
import { residualBlocks, residualBody, residualStages } from './residual.js';
import type { ZooInput } from './zoo.js';

/**
 * ResNet-18 (He et al. 2016) for small images: a 3×3 stem without max-pooling, four stages of two basic units
 * with `width`, 2, 4 and 8 times as many filters, global average pooling, the classifier. Shortcuts are
 * option B of the paper. Blocks are the stages; the classifier is in the last.
 */
export function resnet18({ imageShape, classes, width }: ZooInput): ModelGraph {
  const stages = residualStages([width, 2 * width, 4 * width, 8 * width], 2);
  const body = residualBody(stages, { name: 'conv1.relu', channels: width });
  return {
    name: `resnet18-w${String(width)}`,
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: imageShape },
      ...convNormRelu('conv1', 'image', { filters: width, kernel: 3, stride: 1 }),
      ...body.nodes,
      ...pooledClassifier(body.output, classes),
    ],
    output: 'fc',
    blocks: residualBlocks(stages, body.nodes),
  };
}
