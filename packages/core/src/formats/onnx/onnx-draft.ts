import type { GraphNode, TensorShape } from '../../graph/model-graph.js';
import { inferShapes } from '../../graph/shapes.js';
import type { Moments } from '../../params/model-state.js';
import type { OnnxTensor } from './onnx-model.js';

/** A value while it is taken over: what it is called here, and how it lies. */
export interface Source {
  readonly node: string;
  /** Channels and pixels of a flattened image that the file lays channels first; null where order is no matter. */
  readonly channelsFirst: { readonly channels: number; readonly pixels: number } | null;
  /** An image whose axes were turned to `[h, w, c]`, which only a flattening can take. */
  readonly turned?: boolean;
}

/** What the rules of nodes write to. */
export class OnnxDraft {
  readonly nodes: GraphNode[] = [];
  readonly params = new Map<string, Float32Array>();
  readonly moments = new Map<string, Moments>();
  readonly sources = new Map<string, Source>();
  #softmax = false;
  readonly #names = new Map<string, number>();

  constructor(readonly constants: Map<string, OnnxTensor>) {}

  /** True once a softmax has been read. */
  get softmax(): boolean {
    return this.#softmax;
  }

  /** Notes that the file has a softmax, which graphs leave out. */
  noteSoftmax(): void {
    this.#softmax = true;
  }

  /** A name that the graph allows and nothing else has. */
  nameFor(wish: string, fallback: string): string {
    const clean = (wish === '' ? fallback : wish).replace(/[^\w.\-/]/g, '_').slice(0, 150);
    const before = this.#names.get(clean) ?? 0;
    this.#names.set(clean, before + 1);
    return before === 0 ? clean : this.nameFor(`${clean}_${before}`, fallback);
  }

  shapeOf(name: string): TensorShape {
    const probe: GraphNode = { op: 'flatten', name: 'shape-probe', inputs: [name] };
    return (
      inferShapes({ name: 'draft', nodes: [...this.nodes, probe], output: probe.name, blocks: [] }).get(
        name,
      ) ?? []
    );
  }
}
