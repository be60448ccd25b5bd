import type { GraphBlock, GraphNode, ModelGraph } from '../model-graph.js';
import { convNorm, convNormRelu, pooledClassifier } from './layers.js';
import type { ZooInput } from './zoo.js';

interface Stage {
  /** He et al.'s name of the stage, `conv2_x`. */
  readonly name: string;
  readonly filters: number;
  /** Of the first unit; the second has stride 1. */
  readonly stride: number;
}

/**
 * ResNet-18 (He et al. 2016) for small images: a 3×3 stem without max-pooling, four stages of two basic units with
 * `width`, 2, 4 and 8 times as many filters, global average pooling, the classifier. The last norm of each residual
 * branch starts at gamma 0 (Goyal et al. 2017, §5.1). Blocks are the stages; the classifier stands in the last.
 */
export function resnet18({ imageShape, classes, width }: ZooInput): ModelGraph {
  const stages = stagesOf(width);
  const body = stages.flatMap((stage, i) =>
    stageNodes(stage, stages[i - 1]?.filters ?? width, stageInput(stages, i)),
  );
  return {
    name: `resnet18-w${String(width)}`,
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: imageShape },
      ...convNormRelu('conv1', 'image', { filters: width, kernel: 3, stride: 1 }),
      ...body,
      ...pooledClassifier(stageInput(stages, stages.length), classes),
    ],
    output: 'fc',
    blocks: stages.map((stage, i) => blockOf(stage, body, i === stages.length - 1 ? ['fc'] : [])),
  };
}

function stagesOf(width: number): readonly Stage[] {
  return [1, 2, 4, 8].map((factor, i) => ({
    name: `conv${String(i + 2)}_x`,
    filters: width * factor,
    stride: i === 0 ? 1 : 2,
  }));
}

/** The node that stage `i` reads: the stem's or the previous stage's output. */
function stageInput(stages: readonly Stage[], i: number): string {
  const previous = stages[i - 1];
  return previous === undefined ? 'conv1.relu' : `${previous.name}.2.relu`;
}

function stageNodes(stage: Stage, channels: number, input: string): readonly GraphNode[] {
  const { name, filters, stride } = stage;
  return [
    ...basicUnit(`${name}.1`, input, { filters, stride, channels }),
    ...basicUnit(`${name}.2`, `${name}.1.relu`, { filters, stride: 1, channels: filters }),
  ];
}

/** Two 3×3 convolutions beside a shortcut: the identity, or 1×1 where the shape changes (option B of the paper). */
function basicUnit(
  name: string,
  input: string,
  { filters, stride, channels }: { filters: number; stride: number; channels: number },
): readonly GraphNode[] {
  const changesShape = stride !== 1 || channels !== filters;
  const shortcut = changesShape ? convNorm(`${name}.shortcut`, input, { filters, kernel: 1, stride }) : [];
  return [
    ...convNormRelu(`${name}.a`, input, { filters, kernel: 3, stride }),
    ...convNorm(`${name}.b`, `${name}.a.relu`, { filters, kernel: 3, stride: 1, initialGamma: 0 }),
    ...shortcut,
    {
      op: 'add',
      name: `${name}.add`,
      inputs: [`${name}.b.bn`, changesShape ? `${name}.shortcut.bn` : input],
    },
    { op: 'relu', name: `${name}.relu`, inputs: [`${name}.add`] },
  ];
}

function blockOf({ name }: Stage, body: readonly GraphNode[], extra: readonly string[]): GraphBlock {
  const convs = body.filter((node) => node.op === 'conv2d' && node.name.startsWith(`${name}.`));
  return { name, nodes: [...convs.map((node) => node.name), ...extra] };
}
