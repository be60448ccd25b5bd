import fc from 'fast-check';
import { unreachable } from '../errors.js';
import type { GraphNode, ModelGraph, OpKind, Padding, Size2, TensorShape } from '../graph/model-graph.js';
import { isOfFamily, plainOpsOf } from '../graph/plain-ops.js';
import { inferShapes } from '../graph/shapes.js';

/** Options for the drawn graphs. */
export interface GraphArbitraryOptions {
  /** Ops of the body; default: all. Heads always use `flatten` or global pools, `concat` where needed, and `dense`. */
  readonly ops?: ReadonlySet<OpKind>;
  /** Nodes of the body; default 6. */
  readonly maxSteps?: number;
  /** Height and width of the input; default 7. */
  readonly maxExtent?: number;
}

/** Choices for one step; each op reads those it needs, so that every drawn step makes a valid node. */
interface Step {
  readonly op: BodyOp;
  readonly source: number;
  readonly other: number;
  readonly filters: number;
  readonly window: Size2;
  readonly strides: Size2;
  readonly padding: Padding;
  readonly groups: 'one' | 'divisor' | 'depthwise';
  readonly flag: boolean;
}

interface Head {
  readonly op: (typeof HEAD_OPS)[number];
  readonly hidden: number;
  readonly norm: boolean;
  readonly activation: (typeof ACTIVATIONS)[number];
  readonly useBias: boolean;
  readonly classes: number;
}

const ACTIVATIONS = plainOpsOf('activation');
const HEAD_OPS = [...plainOpsOf('globalPool'), ...plainOpsOf('flatten')];
const JOINS = [...plainOpsOf('sum'), ...plainOpsOf('concat')];
type BodyOp =
  'conv2d' | 'batchNorm' | 'maxPool' | 'avgPool' | (typeof ACTIVATIONS)[number] | (typeof JOINS)[number];
const BODY_OPS: readonly BodyOp[] = ['conv2d', 'batchNorm', ...ACTIVATIONS, ...JOINS, 'maxPool', 'avgPool'];

/**
 * Small random graphs over all ops: convolutions with groups (depthwise too), strides, every kind of padding and uneven
 * kernels; norms, activations, joins of branches (also of a node with itself), pools of all kinds and dense heads. They
 * pass `checkGraph`, have 2 to 5 logits, and shrink towards fewer and simpler nodes.
 */
export function smallGraphs(options: GraphArbitraryOptions = {}): fc.Arbitrary<ModelGraph> {
  const { ops, maxSteps = 6, maxExtent = 7 } = options;
  const extent = fc.integer({ min: 1, max: maxExtent });
  const steps = fc.array(stepArbitrary(BODY_OPS.filter((op) => ops === undefined || ops.has(op))), {
    maxLength: maxSteps,
  });
  return fc
    .tuple(fc.tuple(extent, extent, fc.integer({ min: 1, max: 4 })), steps, headArbitrary())
    .map(([shape, body, head]) => buildGraph(shape, body, head));
}

function stepArbitrary(ops: readonly Step['op'][]): fc.Arbitrary<Step> {
  const size2 = (max: number): fc.Arbitrary<Size2> =>
    fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
  const pixels = fc.integer({ min: 0, max: 2 });
  return fc.record({
    op: fc.constantFrom(...ops),
    source: fc.nat(3),
    other: fc.nat(3),
    filters: fc.integer({ min: 1, max: 4 }),
    window: size2(3),
    strides: size2(2),
    padding: fc.oneof(
      fc.constantFrom<Padding>('same', 'valid'),
      fc.record({ top: pixels, bottom: pixels, left: pixels, right: pixels }),
    ),
    groups: fc.constantFrom('one', 'divisor', 'depthwise'),
    flag: fc.boolean(),
  });
}

function headArbitrary(): fc.Arbitrary<Head> {
  return fc.record({
    op: fc.constantFrom(...HEAD_OPS),
    hidden: fc.nat(5),
    norm: fc.boolean(),
    activation: fc.constantFrom(...ACTIVATIONS),
    useBias: fc.boolean(),
    classes: fc.integer({ min: 2, max: 5 }),
  });
}

function buildGraph(shape: TensorShape, steps: readonly Step[], head: Head): ModelGraph {
  const nodes: GraphNode[] = [{ op: 'input', name: 'image', inputs: [], shape }];
  const shapes = new Map<string, TensorShape>([['image', shape]]);
  const append = (node: GraphNode): void => {
    nodes.push(node);
    shapes.set(node.name, shapeOfLast(nodes));
  };
  for (const [i, step] of steps.entries()) append(bodyNode(step, `${String(i)}/${step.op}`, shapes));
  headNodes(nodes, head).forEach(append);
  return { name: 'drawn', nodes, output: 'logits', blocks: [] };
}

/** Shape of the last node, whatever its rank, by way of a flattened output. */
function shapeOfLast(nodes: readonly GraphNode[]): TensorShape {
  const last = nodes.at(-1)!.name;
  const probe: GraphNode = { op: 'flatten', name: 'probe', inputs: [last] };
  return inferShapes({ name: 'probe', nodes: [...nodes, probe], output: 'probe', blocks: [] }).get(last)!;
}

function bodyNode(step: Step, name: string, shapes: ReadonlyMap<string, TensorShape>): GraphNode {
  const names = [...shapes.keys()];
  // Counting from the newest makes deep graphs likely and branches possible.
  const source = names[Math.max(0, names.length - 1 - step.source)]!;
  const shape = shapes.get(source)!;
  const { op } = step;
  if (isOfFamily(op, 'activation')) return { op, name, inputs: [source] };
  switch (op) {
    case 'conv2d':
      return convNode(step, { name, inputs: [source] }, shape);
    case 'batchNorm':
      return { op: 'batchNorm', name, inputs: [source], epsilon: 1e-3, initialGamma: step.flag ? 1 : 0 };
    case 'add':
      return {
        op: 'add',
        name,
        inputs: [source, partner(step, shapes, (other) => String(other) === String(shape)) ?? source],
      };
    case 'concat':
      return {
        op: 'concat',
        name,
        inputs: [source, partner(step, shapes, (other) => sameImage(other, shape)) ?? source],
      };
    case 'maxPool':
    case 'avgPool':
      return poolNode(step, { op, name, inputs: [source] }, shape);
    default:
      return unreachable(op);
  }
}

function convNode(step: Step, base: { name: string; inputs: string[] }, shape: TensorShape): GraphNode {
  const channels = shape[2]!;
  const groups = { one: 1, divisor: greatestDivisor(channels), depthwise: channels }[step.groups];
  return {
    op: 'conv2d',
    ...base,
    filters: groups === 1 ? step.filters : groups * (1 + (step.filters % 2)),
    kernelSize: fitted(step, shape, step.padding),
    strides: step.strides,
    padding: step.padding,
    groups,
    useBias: step.flag,
  };
}

function poolNode(
  step: Step,
  base: { op: 'maxPool' | 'avgPool'; name: string; inputs: string[] },
  shape: TensorShape,
): GraphNode {
  const [height, width] = step.window;
  const padding: Padding =
    typeof step.padding === 'string'
      ? step.padding
      : {
          top: Math.min(step.padding.top, height - 1),
          bottom: Math.min(step.padding.bottom, height - 1),
          left: Math.min(step.padding.left, width - 1),
          right: Math.min(step.padding.right, width - 1),
        };
  const poolSize = fitted(step, shape, padding);
  const unpadded = poolSize[0] !== height || poolSize[1] !== width;
  return {
    ...base,
    poolSize: unpadded ? fitted(step, shape, 'valid') : poolSize,
    strides: step.strides,
    padding: unpadded ? 'valid' : padding,
  };
}

/** The step's window, reduced if the padded image is smaller. */
function fitted({ window }: Step, [height = 1, width = 1]: TensorShape, padding: Padding): Size2 {
  if (padding === 'same') return window;
  const { top, bottom, left, right } =
    padding === 'valid' ? { top: 0, bottom: 0, left: 0, right: 0 } : padding;
  return [Math.min(window[0], height + top + bottom), Math.min(window[1], width + left + right)];
}

/** Another node that the source can be joined with: the newest but `other`, if any. */
function partner(
  { other }: Step,
  shapes: ReadonlyMap<string, TensorShape>,
  fits: (shape: TensorShape) => boolean,
): string | undefined {
  const candidates = [...shapes].filter(([, shape]) => fits(shape)).map(([name]) => name);
  return candidates.at(-1 - (other % candidates.length));
}

function sameImage(a: TensorShape, b: TensorShape): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function greatestDivisor(channels: number): number {
  for (let divisor = channels - 1; divisor > 1; divisor--) if (channels % divisor === 0) return divisor;
  return 1;
}

/** Every loose end is pooled or flattened, all are joined, and dense layers follow; so every node leads to the logits. */
function headNodes(body: readonly GraphNode[], head: Head): readonly GraphNode[] {
  const read = new Set(body.flatMap(({ inputs }) => inputs));
  const ends = body.map(({ name }) => name).filter((name) => !read.has(name));
  const pools: GraphNode[] = ends.map((end, i) => ({
    op: head.op,
    name: `head.${String(i)}`,
    inputs: [end],
  }));
  const joined = pools.length === 1 ? 'head.0' : 'head.join';
  const join: GraphNode[] =
    pools.length === 1 ? [] : [{ op: 'concat', name: joined, inputs: pools.map(({ name }) => name) }];
  return [...pools, ...join, ...denseNodes(joined, head)];
}

function denseNodes(
  joined: string,
  { hidden, norm, activation, useBias, classes }: Head,
): readonly GraphNode[] {
  const logits = (input: string): GraphNode => ({
    op: 'dense',
    name: 'logits',
    inputs: [input],
    units: classes,
    useBias,
  });
  if (hidden === 0) return [logits(joined)];
  const normNode: GraphNode = {
    op: 'batchNorm',
    name: 'hidden.bn',
    inputs: ['hidden'],
    epsilon: 1e-3,
    initialGamma: 1,
  };
  return [
    { op: 'dense', name: 'hidden', inputs: [joined], units: hidden, useBias },
    ...(norm ? [normNode] : []),
    { op: activation, name: 'hidden.act', inputs: [norm ? 'hidden.bn' : 'hidden'] },
    logits('hidden.act'),
  ];
}
