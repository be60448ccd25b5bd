import { EspalierError } from '../../errors.js';
import type { ExplicitPadding, GraphNode, Padding, Size2, TensorShape } from '../../graph/model-graph.js';
import type { OnnxDraft, Source } from './onnx-draft.js';
import type { OnnxNode, OnnxTensor } from './onnx-model.js';

/** Thrown by the rule of a node that cannot be imported; the message gives the reason. */
export class UnsupportedNode extends Error {
  override readonly name = 'UnsupportedNode';
}

/** Error for a file that is not a model. */
export function malformedOnnx(problem: string): EspalierError {
  return new EspalierError('malformed_message', `the ONNX model does not hold together: ${problem}`);
}

/** One node's turn: its inputs, and the draft that receives its output. */
export class OnnxTurn {
  /** Name from which its parameters take theirs. */
  readonly name: string;

  constructor(
    readonly node: OnnxNode,
    readonly draft: OnnxDraft,
  ) {
    this.name = draft.nameFor(node.name, node.outputs[0] ?? node.op);
  }

  /** The activation read at that place. */
  source(place = 0): Source {
    const name = this.node.inputs[place] ?? '';
    const source = this.draft.sources.get(name);
    if (source) return source;
    if (this.draft.constants.has(name))
      throw new UnsupportedNode(`reads the constant ${name} where it should read an activation`);
    throw new UnsupportedNode(`reads ${name}, which nothing before it gives`);
  }

  /** The same, in an order that is ours too. */
  plainSource(place = 0): Source {
    const source = this.source(place);
    if (source.channelsFirst || source.turned)
      throw new UnsupportedNode('reads a flattened image; only Gemm and MatMul can');
    return source;
  }

  /** True when the input at that place is an activation. */
  isActivation(place: number): boolean {
    return this.draft.sources.has(this.node.inputs[place] ?? '');
  }

  /** The float constant read at that place. */
  constant(place: number): OnnxTensor & { readonly values: Float32Array } {
    const tensor = this.anyConstant(place);
    if (!(tensor?.values instanceof Float32Array)) {
      throw new UnsupportedNode(
        `input ${place} (${this.node.inputs[place] ?? 'missing'}) is no constant of float values`,
      );
    }
    return { ...tensor, values: tensor.values };
  }

  anyConstant(place: number): OnnxTensor | undefined {
    return this.draft.constants.get(this.node.inputs[place] ?? '');
  }

  int(name: string, otherwise: number): number {
    const attribute = this.node.attributes[name];
    return attribute?.kind === 'int' ? attribute.value : otherwise;
  }

  float(name: string, otherwise: number): number {
    const attribute = this.node.attributes[name];
    return attribute?.kind === 'float' ? Number(attribute.value.toPrecision(7)) : otherwise;
  }

  text(name: string, otherwise: string): string {
    const attribute = this.node.attributes[name];
    return attribute?.kind === 'string' ? attribute.value : otherwise;
  }

  ints(name: string, otherwise: readonly number[]): readonly number[] {
    const attribute = this.node.attributes[name];
    return attribute?.kind === 'ints' ? attribute.value : otherwise;
  }

  shapeOf({ node }: Source): TensorShape {
    return this.draft.shapeOf(node);
  }

  size2(name: string, otherwise?: Size2): Size2 {
    const [height, width, ...more] = this.ints(name, otherwise ?? []);
    if (height === undefined || width === undefined || more.length > 0)
      throw new UnsupportedNode(`${name} is not height and width`);
    return [height, width];
  }

  /** Pads as pixels, or by name. */
  padding(): Padding {
    const auto = this.text('auto_pad', 'NOTSET');
    if (auto === 'SAME_UPPER') return 'same';
    if (auto === 'VALID') return 'valid';
    if (auto !== 'NOTSET') throw new UnsupportedNode(`auto_pad is ${auto}`);
    const [top = 0, left = 0, bottom = 0, right = 0] = this.ints('pads', []);
    const pads: ExplicitPadding = { top, left, bottom, right };
    return Object.values(pads).every((pixels) => pixels === 0) ? 'valid' : pads;
  }

  /** Adds a node and registers it as this node's output. */
  give(node: GraphNode, channelsFirst: Source['channelsFirst'] = null): void {
    this.draft.nodes.push(node);
    this.alias({ node: node.name, channelsFirst });
  }

  /** Registers an existing value as this node's output. */
  alias(source: Source): void {
    this.draft.sources.set(this.node.outputs[0] ?? '', source);
  }
}
