import { EspalierError } from '../../errors.js';
import { GRAPH_LIMITS } from '../../graph/check-graph.js';
import type { GraphNode } from '../../graph/model-graph.js';
import type { ModelState, Moments, ParamTree } from '../../params/model-state.js';

/** The nodes and numbers of a graph in the making. */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly #names = new Set<string>();
  /** Number for the next node of a name that is already taken. */
  readonly #numbers = new Map<string, number>();
  readonly #params = new Map<string, Float32Array>();
  readonly #moments = new Map<string, Moments>();

  /** A name no node has yet: the wished one with characters replaced that the graph does not allow, numbered if taken. */
  uniqueName(wished: string): string {
    const base = wished.replace(/[^\w.\-/]/g, '_').slice(0, GRAPH_LIMITS.nameLength - 10);
    let name = base;
    for (let i = this.#numbers.get(base) ?? 2; this.#names.has(name); i++) {
      name = `${base}.${String(i)}`;
      this.#numbers.set(base, i + 1);
    }
    this.#names.add(name);
    return name;
  }

  /** Takes a node, with its parameters by role. */
  add(node: GraphNode, params: ParamTree = new Map()): void {
    this.nodes.push(node);
    for (const [role, values] of params) this.#params.set(`${node.name}/${role}`, values);
  }

  /** Takes a norm's statistics. @throws EspalierError `invalid_params` for a variance below 0. */
  addMoments(node: string, moments: Moments): void {
    const negative = moments.variance.findIndex((value) => value < 0);
    if (negative >= 0) {
      throw new EspalierError(
        'invalid_params',
        `${node} has variance ${String(moments.variance[negative])} in channel ${String(negative)}, expected 0 or more`,
        { node },
      );
    }
    this.#moments.set(node, moments);
  }

  /** All numbers taken so far. */
  state(): ModelState {
    return { params: this.#params, moments: this.#moments };
  }
}
