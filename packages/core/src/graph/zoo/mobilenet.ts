import type { GraphNode, ModelGraph } from '../model-graph.js';
import { convNormRelu, pooledClassifier } from './layers.js';
import type { ZooInput } from './zoo.js';

interface Separable {
  /** Output channels, in `width`s. */
  readonly factor: number;
  readonly stride: number;
}

/** Howard et al. 2017, table 1, by resolution; the first of each stage but the first halves it. */
const STAGES: readonly (readonly Separable[])[] = [
  [{ factor: 2, stride: 1 }],
  [
    { factor: 4, stride: 2 },
    { factor: 4, stride: 1 },
  ],
  [
    { factor: 8, stride: 2 },
    { factor: 8, stride: 1 },
  ],
  [{ factor: 16, stride: 2 }, ...Array.from({ length: 5 }, (): Separable => ({ factor: 16, stride: 1 }))],
  [
    { factor: 32, stride: 2 },
    { factor: 32, stride: 1 },
  ],
];

/**
 * MobileNet v1 (Howard et al. 2017) for small images: the stem at stride 1 instead of 2, then the paper's
 * thirteen depthwise separable convolutions, of which four halve the image, global average pooling, the
 * classifier. Depthwise convolutions are convolutions with as many groups as channels. `width` is the stem's
 * filters, 32 as published, so the paper's width multiplier α is `width` ÷ 32. Blocks are the stages of one
 * resolution; the classifier is in the last.
 */
export function mobilenet({ imageShape, classes, width }: ZooInput): ModelGraph {
  const nodes: GraphNode[] = [
    { op: 'input', name: 'image', inputs: [], shape: imageShape },
    ...convNormRelu('conv1', 'image', { filters: width, kernel: 3, stride: 1 }),
  ];
  const blocks = STAGES.map((_, i) => ({ name: `stage${String(i + 1)}`, nodes: [] as string[] }));
  let [output, channels] = ['conv1.relu', width];
  for (const [i, stage] of STAGES.entries()) {
    for (const [j, { factor, stride }] of stage.entries()) {
      const name = `stage${String(i + 1)}.${String(j + 1)}`;
      nodes.push(
        ...convNormRelu(`${name}.dw`, output, { filters: channels, kernel: 3, stride, groups: channels }),
        ...convNormRelu(`${name}.pw`, `${name}.dw.relu`, { filters: factor * width, kernel: 1, stride: 1 }),
      );
      blocks[i]?.nodes.push(`${name}.dw`, `${name}.pw`);
      [output, channels] = [`${name}.pw.relu`, factor * width];
    }
  }
  blocks.at(-1)?.nodes.push('fc');
  return {
    name: `mobilenet-w${String(width)}`,
    nodes: [...nodes, ...pooledClassifier(output, classes)],
    output: 'fc',
    blocks,
  };
}
