import { EspalierError, unreachable } from '../errors.js';
import { isPlain, type GraphNode, type ModelGraph, type TensorShape } from './model-graph.js';
import { inferShapes, sizeOf } from './shapes.js';

/** Role of a parameter in its node. */
export type ParamRole = 'kernel' | 'bias' | 'gamma' | 'beta';

/** One parameter tensor of a graph. */
export interface ParamSpec {
  /** `<node>/<role>`. */
  readonly name: string;
  readonly node: string;
  readonly role: ParamRole;
  readonly shape: TensorShape;
  readonly size: number;
  /**
   * True where pruning may act: conv and dense kernels except the first conv, the final classifier, biases and
   * norms; without convolutions, every dense kernel but the last.
   */
  readonly maskable: boolean;
}

/** The running statistics of one batch-norm node. */
export interface MomentSpec {
  readonly node: string;
  readonly channels: number;
}

/**
 * Every parameter of the graph, in the canonical order: nodes as listed, then kernel, bias, gamma, beta.
 * Values on the wire and in bundles follow this order.
 */
export function parameterSpecs(graph: ModelGraph): readonly ParamSpec[] {
  const known = knownParameters.get(graph);
  if (known) return known;
  const specs = specsOf(graph);
  knownParameters.set(graph, specs);
  return specs;
}

/**
 * Parameters of graphs already asked about: every pass over weights needs them, and a graph never changes.
 */
const knownParameters = new WeakMap<ModelGraph, readonly ParamSpec[]>();

function specsOf(graph: ModelGraph): readonly ParamSpec[] {
  const shapes = inferShapes(graph);
  const excluded = unmaskableNodes(graph);
  return graph.nodes.flatMap((node) => {
    const input = shapes.get(node.inputs[0] ?? '') ?? [];
    return nodeParameters(node, input).map(({ role, shape }) => ({
      name: `${node.name}/${role}`,
      node: node.name,
      role,
      shape,
      size: sizeOf(shape),
      maskable: role === 'kernel' && !excluded.has(node.name),
    }));
  });
}

/** The maskable parameters only, in canonical order. */
export function maskableSpecs(graph: ModelGraph): readonly ParamSpec[] {
  return parameterSpecs(graph).filter((spec) => spec.maskable);
}

/** Every batch-norm node with its number of channels, in graph order. */
export function momentSpecs(graph: ModelGraph): readonly MomentSpec[] {
  return parameterSpecs(graph)
    .filter(({ role }) => role === 'gamma')
    .map(({ node, size }) => ({ node, channels: size }));
}

/** The node of that name. @throws EspalierError `invalid_graph` when there is none. */
export function nodeNamed(graph: ModelGraph, name: string): GraphNode {
  const node = graph.nodes.find((candidate) => candidate.name === name);
  if (node === undefined)
    throw new EspalierError('invalid_graph', `the graph has no node ${name}`, { node: name });
  return node;
}

/** The first convolution and the last layer with weights: they see the data and speak the answer. */
function unmaskableNodes(graph: ModelGraph): ReadonlySet<string> {
  const weighted = graph.nodes.filter((node) => node.op === 'conv2d' || node.op === 'dense');
  const stem = weighted.find((node) => node.op === 'conv2d');
  return new Set([stem?.name ?? '', weighted.at(-1)?.name ?? '']);
}

function nodeParameters(
  node: GraphNode,
  input: TensorShape,
): readonly { role: ParamRole; shape: TensorShape }[] {
  const channels = input.at(-1) ?? 0;
  if (isPlain(node)) return [];
  switch (node.op) {
    case 'conv2d':
      return [
        { role: 'kernel', shape: [...node.kernelSize, channels / node.groups, node.filters] },
        ...(node.useBias ? [{ role: 'bias' as const, shape: [node.filters] }] : []),
      ];
    case 'dense':
      return [
        { role: 'kernel', shape: [channels, node.units] },
        ...(node.useBias ? [{ role: 'bias' as const, shape: [node.units] }] : []),
      ];
    case 'batchNorm':
      return [
        { role: 'gamma', shape: [channels] },
        { role: 'beta', shape: [channels] },
      ];
    case 'input':
    case 'maxPool':
    case 'avgPool':
      return [];
    default:
      return unreachable(node);
  }
}
