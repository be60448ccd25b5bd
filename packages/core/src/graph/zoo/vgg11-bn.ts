import type { GraphNode, ModelGraph } from '../model-graph.js';
import { convNormRelu, maxPool, pooledClassifier } from './layers.js';
import type { ZooInput } from './zoo.js';

/** Configuration A of Simonyan & Zisserman (2015), table 1: filters of each stage's convolutions, in `width`s of 64. */
const STAGES: readonly (readonly number[])[] = [[1], [2], [4, 4], [8, 8], [8, 8]];

/**
 * VGG-11 with batch norm for small images: eight 3×3 convolutions of configuration A in five stages, each
 * stage ended by a 2×2 max-pool, and the usual CIFAR classifier: one dense layer on the last stage's
 * channels, averaged over the pixels that are left (one, for 32×32 images), instead of the paper's three
 * dense layers. Convolutions have no bias, since the norm has. Pools keep an odd border (padding `same`), so
 * images of any size pass. `width` is the filters of the first convolution, 64 as published. Blocks are the
 * stages from the second; the classifier is in the last.
 */
export function vgg11Bn({ imageShape, classes, width }: ZooInput): ModelGraph {
  const nodes: GraphNode[] = [{ op: 'input', name: 'image', inputs: [], shape: imageShape }];
  let output = 'image';
  for (const [i, factors] of STAGES.entries()) {
    for (const [j, factor] of factors.entries()) {
      const name = `conv${String(i + 1)}_${String(j + 1)}`;
      nodes.push(...convNormRelu(name, output, { filters: factor * width, kernel: 3, stride: 1 }));
      output = `${name}.relu`;
    }
    nodes.push(maxPool(`pool${String(i + 1)}`, output, 2));
    output = `pool${String(i + 1)}`;
  }
  return {
    name: `vgg11-bn-w${String(width)}`,
    nodes: [...nodes, ...pooledClassifier(output, classes)],
    output: 'fc',
    blocks: STAGES.slice(1).map((factors, i) => ({
      name: `conv${String(i + 2)}_x`,
      nodes: [
        ...factors.map((_, j) => `conv${String(i + 2)}_${String(j + 1)}`),
        ...(i + 2 === STAGES.length ? ['fc'] : []),
      ],
    })),
  };
}
