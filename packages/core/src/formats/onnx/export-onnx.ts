import { unreachable } from '../../errors.js';
import {
  isPlain,
  type Conv2dNode,
  type GraphNode,
  type ModelGraph,
  type PlainNode,
  type PoolNode,
  type TensorShape,
} from '../../graph/model-graph.js';
import { plainOp } from '../../graph/plain-ops.js';
import { inferShapes, inputShape, numClasses, resolvePadding, type ShapeTable } from '../../graph/shapes.js';
import { checkState, type ModelState } from '../../params/model-state.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from './onnx-model.js';

/** Operator set 13 (2020): which every runtime reads. */
const OPSET = 13;

/**
 * The network in ONNX: images are `[N, channels, height, width]`, as is usual there; names of nodes stay, constants are
 * called as parameters are. The output is the logits.
 * @throws EspalierError `invalid_params` where the state does not fit the graph.
 */
export function exportOnnx(graph: ModelGraph, state: ModelState): OnnxModel {
  checkState(graph, state);
  const writer = new Writer(graph, state);
  for (const node of graph.nodes) writer.add(node);
  const shape = inputShape(graph);
  const [height, width, channels] = shape;
  const dims = shape.length === 3 ? [null, channels!, height!, width!] : [null, shape[0] ?? 0];
  return {
    name: graph.name,
    opset: OPSET,
    nodes: writer.nodes,
    constants: writer.constants,
    inputs: [{ name: graph.nodes[0]!.name, dims }],
    outputs: [{ name: graph.output, dims: [null, numClasses(graph)] }],
  };
}

const ints = (...value: number[]): OnnxAttribute => ({ kind: 'ints', value });
const int = (value: number): OnnxAttribute => ({ kind: 'int', value });

class Writer {
  readonly nodes: OnnxNode[] = [];
  readonly constants: OnnxTensor[] = [];
  readonly #shapes: ShapeTable;

  constructor(
    graph: ModelGraph,
    private readonly state: ModelState,
  ) {
    this.#shapes = inferShapes(graph);
  }

  add(node: GraphNode): void {
    if (isPlain(node)) {
      this.#plain(node);
      return;
    }
    switch (node.op) {
      case 'input':
        return;
      case 'conv2d':
        this.#conv(node);
        return;
      case 'dense':
        this.#put(node, 'Gemm', [
          ...node.inputs,
          this.#param(node, 'kernel'),
          ...(node.useBias ? [this.#param(node, 'bias')] : []),
        ]);
        return;
      case 'batchNorm':
        this.#norm(node.name, node);
        return;
      case 'maxPool':
      case 'avgPool':
        this.#pool(node);
        return;
      default:
        unreachable(node);
    }
  }

  #plain(node: PlainNode): void {
    const { family, onnx } = plainOp(node.op);
    const { op, bounds = [] } = onnx;
    const [low, high] = bounds;
    switch (family) {
      case 'activation':
      case 'sum':
        this.#put(node, op, [
          ...node.inputs,
          ...(low === undefined ? [] : [this.#scalar(`${node.name}/min`, low)]),
          ...(high === undefined ? [] : [this.#scalar(`${node.name}/max`, high)]),
        ]);
        return;
      case 'concat':
        this.#put(node, op, node.inputs, { axis: int(1) });
        return;
      case 'globalPool':
        this.#then(node, op, {});
        return;
      case 'flatten':
        this.#flatten(node);
        return;
      default:
        unreachable(family);
    }
  }

  #conv(node: Conv2dNode): void {
    const input = this.#shapeOf(node.inputs[0]);
    const kernel = this.#constant(`${node.name}/kernel`, ...this.#filtersFirst(node, input));
    const bias = node.useBias ? [this.#param(node, 'bias')] : [];
    this.#put(node, 'Conv', [...node.inputs, kernel, ...bias], {
      kernel_shape: ints(...node.kernelSize),
      strides: ints(...node.strides),
      pads: this.#pads(node, node.kernelSize),
      group: int(node.groups),
    });
  }

  /** `[kh, kw, in, out]` becomes `[out, in, kh, kw]`. */
  #filtersFirst(node: Conv2dNode, input: TensorShape): readonly [readonly number[], Float32Array] {
    const [height, width] = node.kernelSize;
    const depth = (input[2] ?? 0) / node.groups;
    const values = this.state.params.get(`${node.name}/kernel`)!;
    const taps = height * width;
    const turned = new Float32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const [filter, row] = [i % node.filters, Math.floor(i / node.filters)];
      turned[(filter * depth + (row % depth)) * taps + Math.floor(row / depth)] = values[i] ?? 0;
    }
    return [[node.filters, depth, height, width], turned];
  }

  #norm(name: string, node: GraphNode & { readonly epsilon: number }): void {
    const { mean, variance } = this.state.moments.get(name)!;
    const inputs = [
      ...node.inputs,
      this.#param(node, 'gamma'),
      this.#param(node, 'beta'),
      this.#constant(`${name}/mean`, [mean.length], mean),
      this.#constant(`${name}/variance`, [variance.length], variance),
    ];
    this.#put(node, 'BatchNormalization', inputs, { epsilon: { kind: 'float', value: node.epsilon } });
  }

  #pool(node: PoolNode): void {
    this.#put(node, node.op === 'maxPool' ? 'MaxPool' : 'AveragePool', node.inputs, {
      kernel_shape: ints(...node.poolSize),
      strides: ints(...node.strides),
      pads: this.#pads(node, node.poolSize),
    });
  }

  #pads(node: Conv2dNode | PoolNode, window: readonly [number, number]): OnnxAttribute {
    const [height = 0, width = 0] = this.#shapeOf(node.inputs[0]);
    const { top, left, bottom, right } = resolvePadding(node.padding, [height, width], window, node.strides);
    return ints(top, left, bottom, right);
  }

  /** Pixels come first here and channels last; ONNX would flatten the other way round. */
  #flatten(node: GraphNode): void {
    if (this.#shapeOf(node.inputs[0]).length === 1) this.#put(node, 'Identity', node.inputs);
    else this.#then(node, 'Transpose', { perm: ints(0, 2, 3, 1) });
  }

  /** An operation, followed by flattening its output. */
  #then(node: GraphNode, op: string, attributes: OnnxNode['attributes']): void {
    const between = `${node.name}/image`;
    this.nodes.push({ name: between, op, inputs: node.inputs, outputs: [between], attributes });
    this.#put(node, 'Flatten', [between], { axis: int(1) });
  }

  #put(
    { name }: GraphNode,
    op: string,
    inputs: readonly string[],
    attributes: OnnxNode['attributes'] = {},
  ): void {
    this.nodes.push({ name, op, inputs, outputs: [name], attributes });
  }

  #param({ name }: GraphNode, role: string): string {
    const values = this.state.params.get(`${name}/${role}`)!;
    const width = this.#shapeOf(name).at(-1) ?? 1;
    return this.#constant(
      `${name}/${role}`,
      role === 'kernel' ? [values.length / width, width] : [values.length],
      values,
    );
  }

  #scalar(name: string, value: number): string {
    return this.#constant(name, [], Float32Array.of(value));
  }

  #constant(name: string, dims: readonly number[], values: Float32Array): string {
    this.constants.push({ name, dims, values });
    return name;
  }

  #shapeOf(name: string | undefined): TensorShape {
    return this.#shapes.get(name ?? '') ?? [];
  }
}
