import { EspalierError, found, unreachable } from '../errors.js';
import { isPlain, type GraphNode, type ModelGraph, type PlainNode } from '../graph/model-graph.js';
import { nodeNamed, parameterSpecs, type ParamSpec } from '../graph/parameters.js';
import { plainOp } from '../graph/plain-ops.js';
import { inferShapes } from '../graph/shapes.js';
import { layerValues } from '../mask/layer-values.js';
import type { ParamTree } from '../params/model-state.js';
import { scoreLayers, type Criterion } from './criterion.js';

/**
 * Synaptic flow, |∂R/∂w · w| of R = the summed output of the network of absolute weights on an image of ones
 * (Tanaka et al., NeurIPS 2020, eq. 1 and §6), borders counted as interior. No data. Scores have the same sum
 * in every layer between input and output, which keeps layers from collapsing; designed for several passes,
 * each pruning a little. A norm multiplies by |γ|, and by 1 where γ is 0, as before training.
 */
export const synflowCriterion: Criterion = {
  id: 'synflow',
  needs: [],
  score(graph, params) {
    const flow = new Flow(graph, params);
    return scoreLayers(graph, params, (spec, values) => flow.scores(spec, values));
  },
};

/** Adjacent weights that lead from one input channel to neighbouring filters. */
interface WeightRun {
  /** Flat index of the first. */
  readonly from: number;
  readonly input: number;
  readonly output: { readonly start: number; readonly length: number };
}

class Flow {
  /**
   * Signal that reaches each channel of a node's output, and contribution of one unit there to the sum of the
   * outputs.
   */
  readonly #forward = new Map<string, Float64Array>();
  readonly #backward = new Map<string, Float64Array>();
  readonly #kernels: ReadonlyMap<string, ParamSpec>;
  readonly #total: number;

  constructor(
    private readonly graph: ModelGraph,
    private readonly params: ParamTree,
  ) {
    const specs = parameterSpecs(graph);
    for (const spec of specs) layerValues(spec, params);
    this.#kernels = new Map(specs.filter(({ role }) => role === 'kernel').map((spec) => [spec.node, spec]));
    const shapes = inferShapes(graph);
    for (const node of graph.nodes) {
      const width = shapes.get(node.name)?.at(-1) ?? 0;
      this.#forward.set(node.name, this.#ahead(node, width));
      this.#backward.set(node.name, new Float64Array(width));
    }
    this.#backward.get(graph.output)?.fill(1);
    for (const node of [...graph.nodes].reverse()) this.#back(node);
    this.#total = (this.#forward.get(graph.output) ?? new Float64Array(0)).reduce(
      (sum, value) => sum + value,
      0,
    );
    if (!Number.isFinite(this.#total))
      throw new EspalierError(
        'not_finite',
        `the flow through ${graph.name} is not finite; its weights are too large for synflow`,
      );
  }

  /** |w| · incoming signal · contribution to the output, as a share of the whole flow. */
  scores(spec: ParamSpec, values: Float32Array): Float32Array {
    const node = this.#node(spec.node);
    const input = found(this.#forward.get(node.inputs[0] ?? ''), node.name);
    const output = found(this.#backward.get(node.name), node.name);
    const scores = new Float32Array(values.length);
    for (const { from, input: i, output: o } of this.#runs(spec)) {
      const reached = (input[i] ?? 0) / this.#total;
      for (let f = 0; f < o.length; f++) {
        scores[from + f] = Math.abs(values[from + f] ?? 0) * reached * (output[o.start + f] ?? 0);
      }
    }
    return scores;
  }

  #ahead(node: GraphNode, width: number): Float64Array {
    const inputs = node.inputs.map((name) => found(this.#forward.get(name), name));
    const [first = new Float64Array(0)] = inputs;
    const spec = this.#kernels.get(node.name);
    if (spec) {
      const output = new Float64Array(width);
      const values = found(this.params.get(spec.name), spec.name);
      for (const { from, input, output: o } of this.#runs(spec)) {
        const value = first[input] ?? 0;
        for (let f = 0; f < o.length; f++)
          output[o.start + f] = (output[o.start + f] ?? 0) + Math.abs(values[from + f] ?? 0) * value;
      }
      return output;
    }
    if (isPlain(node)) return plainFlow(node, inputs, width);
    switch (node.op) {
      case 'input':
        return new Float64Array(width).fill(1);
      case 'batchNorm':
        return first.map((value, c) => value * this.#gamma(node, c));
      case 'conv2d':
      case 'dense':
      case 'maxPool':
      case 'avgPool':
        return first;
      default:
        return unreachable(node);
    }
  }

  #back(node: GraphNode): void {
    const output = found(this.#backward.get(node.name), node.name);
    const targets = node.inputs.map((name) => found(this.#backward.get(name), name));
    const spec = this.#kernels.get(node.name);
    const values = spec && this.params.get(spec.name);
    if (spec && values) {
      const [target = new Float64Array(0)] = targets;
      for (const { from, input, output: o } of this.#runs(spec)) {
        let sum = 0;
        for (let f = 0; f < o.length; f++)
          sum += Math.abs(values[from + f] ?? 0) * (output[o.start + f] ?? 0);
        target[input] = (target[input] ?? 0) + sum;
      }
      return;
    }
    let start = 0;
    for (const target of targets) {
      if (node.op === 'concat')
        target.forEach((_, c) => (target[c] = (target[c] ?? 0) + (output[start + c] ?? 0)));
      else
        output.forEach(
          (value, i) =>
            (target[i % target.length] =
              (target[i % target.length] ?? 0) +
              (node.op === 'batchNorm' ? value * this.#gamma(node, i) : value)),
        );
      start += target.length;
    }
  }

  #gamma({ name }: GraphNode, channel: number): number {
    return Math.abs(this.params.get(`${name}/gamma`)?.[channel] ?? 0) || 1;
  }

  /** A kernel's weights in their order: runs from one input channel to the filters of one group. */
  *#runs({ node: name, shape, size }: ParamSpec): Generator<WeightRun, void> {
    const node = this.#node(name);
    const [depth = 0, filters = 0] = shape.slice(-2);
    const length = filters / (node.op === 'conv2d' ? node.groups : 1);
    for (let row = 0; row * filters < size; row++) {
      for (let start = 0; start < filters; start += length) {
        const input = (row % depth) + (start / length) * depth;
        yield { from: row * filters + start, input, output: { start, length } };
      }
    }
  }

  #node(name: string): GraphNode {
    return nodeNamed(this.graph, name);
  }
}

/** Signal after an op without attributes: an activation or a pool passes all of it. */
function plainFlow({ op }: PlainNode, inputs: readonly Float64Array[], width: number): Float64Array {
  const [first = new Float64Array(0)] = inputs;
  const { family } = plainOp(op);
  switch (family) {
    case 'activation':
    case 'globalPool':
      return first;
    case 'sum':
      return first.map((_, c) => inputs.reduce((sum, values) => sum + (values[c] ?? 0), 0));
    case 'concat':
      return Float64Array.from(inputs.flatMap((values) => [...values]));
    case 'flatten':
      return Float64Array.from({ length: width }, (_, i) => first[i % first.length] ?? 0);
    default:
      return unreachable(family);
  }
}
