import type { ModelGraph } from '../model-graph.js';
import { convNormRelu, pooledClassifier } from './layers.js';
import { residualBlocks, residualBody, residualStages } from './residual.js';
import type { ZooInput } from './zoo.js';

/**
 * ResNet-20 for CIFAR (He et al. 2016, §4.2, n = 3): a 3×3 stem, three stages of three basic units with
 * `width` (16 as published), 2 and 4 times as many filters, global average pooling, the classifier. Shortcuts
 * are option B (a normalised 1×1 convolution where the shape changes); the paper's CIFAR nets use option A,
 * which pads channels with zeros and which the graph language lacks. Blocks are the stages; the classifier is
 * in the last.
 */
export function resnet20({ imageShape, classes, width }: ZooInput): ModelGraph {
  const stages = residualStages([width, 2 * width, 4 * width], 3);
  const body = residualBody(stages, { name: 'conv1.relu', channels: width });
  return {
    name: `resnet20-w${String(width)}`,
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
