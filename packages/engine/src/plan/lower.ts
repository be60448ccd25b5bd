import {
  EspalierError,
  inferShapes,
  resolvePadding,
  unreachable,
  type BatchNormNode,
  type Conv2dNode,
  type DenseNode,
  type GraphNode,
  type InputNode,
  type ModelGraph,
  type OpKind,
  type PlainNode,
  type PoolNode,
} from '@espalier/core';
import { widenBorders } from './borders.js';
import {
  sourcesOf,
  type JoinTerm,
  type LoweredModel,
  type PoolStep,
  type Step,
  type WeightedStep,
} from './steps.js';
import { extentsOf, type Tensor } from './tensor.js';

/** Every op the engine trains. */
export const ENGINE_OPS: ReadonlySet<OpKind> = new Set<OpKind>([
  ...(['input', 'conv2d', 'dense', 'batchNorm', 'relu', 'relu6', 'add', 'concat'] as const),
  ...(['maxPool', 'avgPool', 'globalAvgPool', 'globalMaxPool', 'flatten'] as const),
]);

/**
 * Groups the graph's nodes into steps and gives every tensor the border its readers need.
 * @throws EspalierError `op_unsupported` naming the first node the engine cannot train, `invalid_graph`.
 */
export function lowerGraph(graph: ModelGraph): LoweredModel {
  const foreign = graph.nodes.find((node) => !ENGINE_OPS.has(node.op));
  if (foreign) throw unsupported(foreign);
  return new Lowering(graph).model();
}

function unsupported({ name, op }: Pick<GraphNode, 'name' | 'op'>): EspalierError {
  return new EspalierError(
    'op_unsupported',
    `node ${name}: the sparse engine has no ${op}; use the tfjs trainer`,
    {
      node: name,
      op,
    },
  );
}

/** Every node but the input. */
type InnerNode = Exclude<GraphNode, InputNode>;

class Lowering {
  readonly #graph: ModelGraph;
  readonly #nodes: ReadonlyMap<string, GraphNode>;
  readonly #tensors = new Map<string, Tensor>();
  readonly #edges = new Map<string, number>();
  readonly #absorbed = new Set<string>();
  readonly #weighted = new Set<string>();

  constructor(graph: ModelGraph) {
    inferShapes(graph);
    this.#graph = { ...graph, nodes: binaryAdditions(graph.nodes) };
    this.#nodes = new Map(this.#graph.nodes.map((node) => [node.name, node]));
    for (const name of [...this.#graph.nodes.flatMap((node) => node.inputs), graph.output]) {
      this.#edges.set(name, (this.#edges.get(name) ?? 0) + 1);
    }
    for (const node of this.#graph.nodes.toReversed()) this.#absorb(node);
  }

  model(): LoweredModel {
    const shapes = inferShapes(this.#graph);
    const kept = this.#graph.nodes.filter((node) => !this.#absorbed.has(node.name));
    for (const [id, node] of kept.entries()) {
      const extents = extentsOf(shapes.get(node.name) ?? []);
      this.#tensors.set(node.name, { id, name: node.name, ...extents, gapY: 0, gapX: 0, trainable: false });
    }
    const steps = sparseReadersFirst(kept.flatMap((node) => (node.op === 'input' ? [] : [this.#step(node)])));
    widenBorders(steps);
    return {
      graph: this.#graph,
      input: this.#tensor(this.#graph.nodes[0]?.name ?? ''),
      output: this.#tensor(this.#graph.output),
      tensors: [...this.#tensors.values()],
      steps,
    };
  }

  /** Marks the batch norms and additions that become part of the given node's join. */
  #absorb(node: GraphNode): void {
    if (node.op === 'relu' || node.op === 'relu6') {
      const inner = this.#nodes.get(node.inputs[0] ?? '');
      if (inner && this.#onlyRead(inner.name) && (inner.op === 'add' || inner.op === 'batchNorm')) {
        this.#absorbed.add(inner.name);
      }
    }
    if (node.op === 'add') {
      for (const name of node.inputs) {
        if (this.#nodes.get(name)?.op === 'batchNorm' && this.#onlyRead(name)) this.#absorbed.add(name);
      }
    }
  }

  #onlyRead(name: string): boolean {
    return this.#edges.get(name) === 1;
  }

  #tensor(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw new EspalierError('internal', `no tensor for node ${name}`);
    return tensor;
  }

  #step(node: InnerNode): Step {
    const step = this.#stepOf(node);
    const z = step.kind === 'weighted' ? step.y : step.z;
    z.trainable =
      step.kind === 'weighted' || sourcesOf(step).some((tensor) => tensor.trainable) || hasNorm(step);
    return step;
  }

  #stepOf(node: InnerNode): Step {
    const z = this.#tensor(node.name);
    switch (node.op) {
      case 'conv2d':
      case 'dense':
        this.#weighted.add(node.name);
        return weightedStep(node, this.#tensor(node.inputs[0] ?? ''), z);
      case 'maxPool':
      case 'avgPool':
        return poolStep(node, this.#tensor(node.inputs[0] ?? ''), z);
      case 'globalAvgPool':
      case 'globalMaxPool': {
        const x = this.#tensor(node.inputs[0] ?? '');
        const window = [x.height, x.width] as const;
        const average = node.op === 'globalAvgPool';
        return { kind: 'pool', average, window, strides: [1, 1], padTop: 0, padLeft: 0, x, z };
      }
      case 'flatten':
        return { kind: 'flatten', x: this.#tensor(node.inputs[0] ?? ''), z };
      case 'concat':
        return { kind: 'concat', sources: node.inputs.map((name) => this.#tensor(name)), z };
      case 'add':
      case 'batchNorm':
        return { kind: 'join', activation: 0, z, terms: this.#termsOf(node) };
      case 'relu':
        return { kind: 'join', activation: 1, z, terms: this.#activated(node) };
      case 'relu6':
        return { kind: 'join', activation: 2, z, terms: this.#activated(node) };
      default:
        return unreachable(node);
    }
  }

  #termsOf(node: PlainNode | BatchNormNode): readonly JoinTerm[] {
    return node.op === 'batchNorm' ? [this.#normTerm(node)] : node.inputs.map((name) => this.#term(name));
  }

  /** Terms that an activation applies to: those of the norm or addition merged into it, or its input. */
  #activated({ inputs: [name = ''] }: PlainNode): readonly JoinTerm[] {
    const inner = this.#nodes.get(name);
    const absorbed = this.#absorbed.has(name) && (inner?.op === 'add' || inner?.op === 'batchNorm');
    return absorbed ? this.#termsOf(inner) : [this.#term(name)];
  }

  #term(name: string): JoinTerm {
    const node = this.#nodes.get(name);
    if (node?.op === 'batchNorm' && this.#absorbed.has(name)) return this.#normTerm(node);
    return { source: this.#tensor(name), norm: null, inPlace: false };
  }

  #normTerm(node: BatchNormNode): JoinTerm {
    const name = node.inputs[0] ?? '';
    const inPlace = this.#weighted.has(name) && this.#onlyRead(name);
    return { source: this.#tensor(name), norm: node, inPlace };
  }
}

/** Additions of more than two values as chains of two. */
function binaryAdditions(nodes: readonly GraphNode[]): readonly GraphNode[] {
  return nodes.flatMap((node): readonly GraphNode[] => {
    if (node.op !== 'add' || node.inputs.length === 2) return [node];
    const [first = '', ...others] = node.inputs;
    let left = first;
    return others.map((right, i) => {
      const name = i === others.length - 1 ? node.name : `${node.name}/partial-${i}`;
      const sum: GraphNode = { op: 'add', name, inputs: [left, right] };
      left = name;
      return sum;
    });
  });
}

/**
 * Layers that skip some of their input's pixels, such as a 1×1 shortcut of stride 2, before the others that
 * read the same: the backward pass runs in reverse order and can then add to the few pixels, without first
 * having to clear all the others.
 */
function sparseReadersFirst(steps: readonly Step[]): readonly Step[] {
  const ordered: Step[] = [];
  for (const step of steps) {
    const first = skipsPixels(step) ? ordered.findIndex((other) => sourcesOf(other).includes(step.x)) : -1;
    ordered.splice(first === -1 ? ordered.length : first, 0, step);
  }
  return ordered;
}

function skipsPixels(step: Step): step is WeightedStep {
  return step.kind === 'weighted' && (step.kernel[0] < step.strides[0] || step.kernel[1] < step.strides[1]);
}

function weightedStep(node: Conv2dNode | DenseNode, x: Tensor, y: Tensor): WeightedStep {
  const common = { kind: 'weighted', node: node.name, x, y, hasBias: node.useBias } as const;
  if (node.op === 'dense')
    return { ...common, kernel: [1, 1], strides: [1, 1], padTop: 0, padLeft: 0, groups: 1 };
  const pad = resolvePadding(node.padding, [x.height, x.width], node.kernelSize, node.strides);
  const { kernelSize: kernel, strides, groups } = node;
  return { ...common, kernel, strides, padTop: pad.top, padLeft: pad.left, groups };
}

function poolStep(node: PoolNode, x: Tensor, z: Tensor): PoolStep {
  const pad = resolvePadding(node.padding, [x.height, x.width], node.poolSize, node.strides);
  const { poolSize: window, strides } = node;
  return {
    kind: 'pool',
    average: node.op === 'avgPool',
    window,
    strides,
    padTop: pad.top,
    padLeft: pad.left,
    x,
    z,
  };
}

function hasNorm(step: Step): boolean {
  return step.kind === 'join' && step.terms.some((term) => term.norm !== null);
}
