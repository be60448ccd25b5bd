import type { GraphNode, TensorShape } from '../../graph/model-graph.js';
import { inferNextShape } from '../../graph/shapes.js';
import type { Moments } from '../../params/model-state.js';
import type { OnnxTensor } from './onnx-model.js';

/** A value during the import: its name in the graph, and its layout. */
export interface Source {
  readonly node: string;
  /**
   * Channels and pixels of a flattened image that the file lays channels first; null where the order does not
   * matter.
   */
  readonly channelsFirst: { readonly channels: number; readonly pixels: number } | null;
  /** An image whose axes were turned to `[h, w, c]`, which only a flatten node accepts. */
  readonly turned?: boolean;
}

/** Graph under construction, to which the rules of nodes add. */
export class OnnxDraft {
  readonly nodes: GraphNode[] = [];
  readonly params = new Map<string, Float32Array>();
  readonly moments = new Map<string, Moments>();
  readonly sources = new Map<string, Source>();
  #softmax = false;
  readonly #names = new Set<string>();
  /** Number for the next node of a name that is already taken. */
  readonly #numbers = new Map<string, number>();
  readonly #shapes = new Map<string, TensorShape>();

  constructor(readonly constants: Map<string, OnnxTensor>) {}

  /** True once a softmax has been read. */
  get softmax(): boolean {
    return this.#softmax;
  }

  /** Notes that the file has a softmax, which graphs leave out. */
  noteSoftmax(): void {
    this.#softmax = true;
  }

  /** A name that the graph allows and that is unused. */
  nameFor(wish: string, fallback: string): string {
    const clean = (wish === '' ? fallback : wish).replace(/[^\w.\-/]/g, '_').slice(0, 150);
    let name = clean;
    for (let number = this.#numbers.get(clean) ?? 1; this.#names.has(name); number++) {
      name = `${clean}_${number}`;
      this.#numbers.set(clean, number + 1);
    }
    this.#names.add(name);
    return name;
  }

  /** @throws EspalierError `invalid_graph` where a node so far does not fit. */
  shapeOf(name: string): TensorShape {
    for (const node of this.nodes.slice(this.#shapes.size)) inferNextShape(this.#shapes, node);
    return this.#shapes.get(name) ?? [];
  }
}
