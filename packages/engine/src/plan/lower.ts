import {
  EspalierError,
  inferShapes,
  resolvePadding,
  type BatchNormNode,
  type Conv2dNode,
  type DenseNode,
  type GraphNode,
  type ModelGraph,
  type OpKind,
  type PoolNode,
} from '@espalier/core';
import { extentsOf, widenGap, type Tensor } from './tensor.js';

/** Every op the engine trains. */
export const ENGINE_OPS: ReadonlySet<OpKind> = new Set<OpKind>([
  ...(['input', 'conv2d', 'dense', 'batchNorm', 'relu', 'relu6', 'add', 'concat'] as const),
  ...(['maxPool', 'avgPool', 'globalAvgPool', 'globalMaxPool', 'flatten'] as const),
]);

/** A layer with weights: a convolution, or a dense layer as a 1×1 convolution of one position. */
export interface WeightedStep {
  readonly kind: 'weighted';
  readonly node: string;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padTop: number;
  readonly padLeft: number;
  readonly groups: number;
  readonly hasBias: boolean;
}

/** One term of a join: a value, perhaps through a batch norm of its own. */
export interface JoinTerm {
  readonly source: Tensor;
  readonly norm: BatchNormNode | null;
  /** Whether the source is a layer's output that nobody else reads: its gradient may take its place. */
  readonly inPlace: boolean;
}

/** `activation(term [+ term])`: batch norm, addition and activation in one pass. */
export interface JoinStep {
  readonly kind: 'join';
  readonly terms: readonly JoinTerm[];
  /** 0 none, 1 relu, 2 relu6. */
  readonly activation: 0 | 1 | 2;
  readonly z: Tensor;
}

/** Max or average over windows; global pooling is one window. */
export interface PoolStep {
  readonly kind: 'pool';
  readonly average: boolean;
  readonly window: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padTop: number;
  readonly padLeft: number;
  readonly x: Tensor;
  readonly z: Tensor;
}

/** An image as features in [h, w, c] order. */
export interface FlattenStep {
  readonly kind: 'flatten';
  readonly x: Tensor;
  readonly z: Tensor;
}

/** Channels side by side. */
export interface ConcatStep {
  readonly kind: 'concat';
  readonly sources: readonly Tensor[];
  readonly z: Tensor;
}

/** One unit of the plan. */
export type Step = WeightedStep | JoinStep | PoolStep | FlattenStep | ConcatStep;

/** A network as the planner sees it. */
export interface LoweredModel {
  readonly graph: ModelGraph;
  readonly input: Tensor;
  readonly output: Tensor;
  readonly tensors: readonly Tensor[];
  readonly steps: readonly Step[];
}

/**
 * Groups the graph's nodes into steps and gives every tensor the border its readers need.
 * @throws EspalierError `op_unsupported` naming the first node the engine cannot train, `invalid_graph`.
 */
export function lowerGraph(graph: ModelGraph): LoweredModel {
  const foreign = graph.nodes.find((node) => !ENGINE_OPS.has(node.op));
  if (foreign) {
    throw new EspalierError(
      'op_unsupported',
      `node ${foreign.name}: the sparse engine has no ${foreign.op}; use the tfjs trainer`,
      { node: foreign.name, op: foreign.op },
    );
  }
  return new Lowering(graph).model();
}

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
    const steps = sparseReadersFirst(
      kept.filter((node) => node.op !== 'input').map((node) => this.#step(node)),
    );
    for (const step of steps) borderFor(step);
    alignIdentities(steps);
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

  #step(node: GraphNode): Step {
    const step = this.#stepOf(node);
    const z = step.kind === 'weighted' ? step.y : step.z;
    z.trainable =
      step.kind === 'weighted' || sourcesOf(step).some((tensor) => tensor.trainable) || hasNorm(step);
    return step;
  }

  #stepOf(node: GraphNode): Step {
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
      default:
        return this.#join(node, z);
    }
  }

  #join(root: GraphNode, z: Tensor): JoinStep {
    const activation = root.op === 'relu' ? 1 : root.op === 'relu6' ? 2 : 0;
    const inner = activation === 0 ? root : this.#nodes.get(root.inputs[0] ?? '');
    const core = inner && (activation === 0 || this.#absorbed.has(inner.name)) ? inner : root;
    if (core.op === 'add')
      return { kind: 'join', activation, z, terms: core.inputs.map((name) => this.#term(name)) };
    if (core.op === 'batchNorm') return { kind: 'join', activation, z, terms: [this.#normTerm(core)] };
    return { kind: 'join', activation, z, terms: [this.#term(core.inputs[0] ?? '')] };
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
 * Layers that skip some of their input's pixels, such as a 1×1 shortcut of stride 2, before the others that read the same:
 * backward goes the other way, and then adds to the few pixels what it would else have to clear all the others for.
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
  return step.kind === 'weighted' && step.kernel.some((size, axis) => size < step.strides[axis]!);
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

/** The tensors a step reads. */
export function sourcesOf(step: Step): readonly Tensor[] {
  if (step.kind === 'join') return step.terms.map((term) => term.source);
  return step.kind === 'concat' ? step.sources : [step.x];
}

function hasNorm(step: Step): boolean {
  return step.kind === 'join' && step.terms.some((term) => term.norm !== null);
}

/** Borders: what the forward pass reads around x, and what the input gradient reads around the gradient of y. */
function borderFor(step: Step): void {
  if (step.kind !== 'weighted') return;
  const { x, y, kernel, strides } = step;
  const vertical = { size: x.height, out: y.height, kernel: kernel[0], stride: strides[0], pad: step.padTop };
  const horizontal = {
    size: x.width,
    out: y.width,
    kernel: kernel[1],
    stride: strides[1],
    pad: step.padLeft,
  };
  widenGap(x, forwardReach(vertical), forwardReach(horizontal));
  widenGap(y, gradientReach(vertical), gradientReach(horizontal));
}

interface Axis {
  readonly size: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

function forwardReach({ size, out, kernel, stride, pad }: Axis): number {
  return Math.max(0, pad, (out - 1) * stride + kernel - 1 - pad - (size - 1));
}

function gradientReach({ size, out, kernel, stride, pad }: Axis): number {
  let reach = 0;
  for (let tap = 0; tap < kernel; tap++) {
    const phase = phaseOfTap(tap, stride, pad);
    if (phase >= size) continue;
    const low = (phase + pad - tap) / stride;
    const last = Math.ceil((size - phase) / stride) - 1;
    reach = Math.max(reach, -low, last + low - (out - 1));
  }
  return reach;
}

/** The stride phase of input pixels that a kernel tap touches: `(phase + pad − tap)` divides by the stride. */
export function phaseOfTap(tap: number, stride: number, pad: number): number {
  return (((tap - pad) % stride) + stride) % stride;
}

/** A plain term's gradient is the join's own buffer, so both tensors must be laid out alike. */
function alignIdentities(steps: readonly Step[]): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const step of steps) {
      if (step.kind !== 'join') continue;
      for (const { source, norm } of step.terms) {
        if (norm || (source.gapY === step.z.gapY && source.gapX === step.z.gapX)) continue;
        widenGap(source, step.z.gapY, step.z.gapX);
        widenGap(step.z, source.gapY, source.gapX);
        changed = true;
      }
    }
  }
}
