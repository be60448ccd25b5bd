import type { GraphBlock, GraphNode } from '../model-graph.js';
import { convNorm, convNormRelu } from './layers.js';

/** A run of basic residual units at one resolution. */
export interface ResidualStage {
  /** He et al.'s name of the stage, `conv2_x`. */
  readonly name: string;
  readonly filters: number;
  /** Stride of the first unit; the others have stride 1. */
  readonly stride: number;
  readonly units: number;
}

/** The stages' nodes, and the node that gives their result. */
export interface ResidualBody {
  readonly nodes: readonly GraphNode[];
  readonly output: string;
}

/** Stages of `units` units each with the given filters, the first at stride 1, the others at stride 2. */
export function residualStages(filters: readonly number[], units: number): readonly ResidualStage[] {
  return filters.map((count, i) => ({
    name: `conv${String(i + 2)}_x`,
    filters: count,
    stride: i === 0 ? 1 : 2,
    units,
  }));
}

/**
 * Basic units (He et al. 2016, fig. 5 left) stage after stage, from a node of `channels` channels. Shortcuts are the
 * identity, or a normalised 1×1 convolution where the shape changes (option B of the paper). The last norm of each
 * residual branch starts at gamma 0 (Goyal et al. 2017, §5.1).
 */
export function residualBody(
  stages: readonly ResidualStage[],
  input: { readonly name: string; readonly channels: number },
): ResidualBody {
  const nodes: GraphNode[] = [];
  let { name: output, channels } = input;
  for (const { name, filters, stride, units } of stages) {
    for (let unit = 1; unit <= units; unit++) {
      const unitName = `${name}.${String(unit)}`;
      nodes.push(...basicUnit(unitName, output, { filters, stride: unit === 1 ? stride : 1, channels }));
      output = `${unitName}.relu`;
      channels = filters;
    }
  }
  return { nodes, output };
}

/** A block per stage, the classifier `fc` in the last. */
export function residualBlocks(
  stages: readonly ResidualStage[],
  nodes: readonly GraphNode[],
): readonly GraphBlock[] {
  return stages.map(({ name }, i) => {
    const convs = nodes.filter((node) => node.op === 'conv2d' && node.name.startsWith(`${name}.`));
    const classifier = i === stages.length - 1 ? ['fc'] : [];
    return { name, nodes: [...convs.map((node) => node.name), ...classifier] };
  });
}

/** Two 3×3 convolutions with a shortcut around them. */
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
