import type { ModelGraph } from '../model-graph.js';
import { convNormRelu, pooledClassifier } from './layers.js';
import type { ZooInput } from './zoo.js';

/**
 * Four 3×3 convolutions with batch norm and ReLU, of `width`, 2, 4 and 4 times as many filters, the middle two at
 * stride 2; global average pooling; the classifier. A block per maskable convolution.
 */
export function cnnSmall({ imageShape, classes, width }: ZooInput): ModelGraph {
  return {
    name: `cnn-small-w${String(width)}`,
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: imageShape },
      ...convNormRelu('conv1', 'image', { filters: width, kernel: 3, stride: 1 }),
      ...convNormRelu('conv2', 'conv1.relu', { filters: 2 * width, kernel: 3, stride: 2 }),
      ...convNormRelu('conv3', 'conv2.relu', { filters: 4 * width, kernel: 3, stride: 2 }),
      ...convNormRelu('conv4', 'conv3.relu', { filters: 4 * width, kernel: 3, stride: 1 }),
      ...pooledClassifier('conv4.relu', classes),
    ],
    output: 'fc',
    blocks: [
      { name: 'conv2_x', nodes: ['conv2'] },
      { name: 'conv3_x', nodes: ['conv3'] },
      { name: 'conv4_x', nodes: ['conv4', 'fc'] },
    ],
  };
}
