import { EspalierError, found } from '../errors.js';
import type { GraphWithState, SmallerNetwork } from '../groups/index.js';
import type { GraphNode, ModelGraph } from '../graph/model-graph.js';
import { inferShapes } from '../graph/shapes.js';
import type { ModelState, Moments } from '../params/model-state.js';
import { quantizeKernel, type LevelTable } from '../quantization/index.js';
import type { Distribution } from './distribution.js';
import { numbersOf, type LayerNumbers } from './layer-numbers.js';
import { pruneWithFeedback } from './prune-with-feedback.js';
import { solveRidge } from './ridge.js';
import type { Marginals, NodeSide, Signals, SignalTurn } from './signals.js';

/** Settings for repairing a network that lost channels. */
export interface RepairOptions<S> {
  readonly signals: Signals<S>;
  /** Added to covariances, as a share of their mean diagonal. */
  readonly ridge: number;
  /** Kernels are rounded to these levels as they are repaired; null leaves them as they are. */
  readonly table: LevelTable | null;
  /** True to solve for new kernels; false to cut and round them as they are. */
  readonly folds: boolean;
  /** Means and variances are moved back. */
  readonly recalibrates: boolean;
}

/**
 * Unified data-free compression (Bai et al., ICCV 2023): every channel that was removed or damaged is
 * expressed by the kept ones, x ≈ Sᵀx̂ with S in closed form, and S is folded into the layers that read them,
 * in the order of the graph; the remaining shift of mean and variance is corrected in the bias or in the
 * batch norm that follows. If kernels are rounded, later channels compensate for the error of earlier ones,
 * and the layers that follow see the rounded ones. Grouped convolutions are only corrected in their mean.
 * Weights that are 0 in `smaller` stay 0, and others of their filter compensate for them. Graph and positions
 * are those of `smaller`; neither network is changed.
 */
export function repairNetwork<S>(
  original: GraphWithState,
  smaller: SmallerNetwork,
  options: RepairOptions<S>,
): ModelState {
  return new Repair(original, smaller, options).run();
}

class Repair<S> {
  readonly #signals = new Map<string, S>();
  readonly #params = new Map<string, Float32Array>();
  readonly #moments: Map<string, Moments>;
  readonly #uses: ReadonlyMap<string, number>;

  constructor(
    private readonly original: GraphWithState,
    private readonly smaller: SmallerNetwork,
    private readonly options: RepairOptions<S>,
  ) {
    this.#uses = lastUses(original.graph);
    this.#moments = new Map(smaller.state.moments);
    for (const [name, values] of smaller.state.params) this.#params.set(name, values);
  }

  run(): ModelState {
    const shapes = inferShapes(this.original.graph);
    const changedShapes = inferShapes(this.smaller.graph);
    for (const [i, node] of this.original.graph.nodes.entries()) {
      const widthsIn = (table: typeof shapes): number[] =>
        node.inputs.map((name) => table.get(name)?.at(-1) ?? 0);
      const changed = found(this.smaller.graph.nodes[i], node.name);
      const before: SignalTurn<S> = {
        inputs: node.inputs.map((name) => this.#signal(name)),
        original: { node, numbers: numbersOf(this.original.state, node), inputWidths: widthsIn(shapes) },
        changed: { node: changed, numbers: this.#numbers(changed), inputWidths: widthsIn(changedShapes) },
        keptInputs: this.#kept(node.inputs[0]),
        keptOutputs: this.#kept(node.name),
        shape: shapes.get(node.name) ?? [],
        changedShape: changedShapes.get(node.name) ?? [],
      };
      this.#signals.set(
        node.name,
        before.original.numbers.kernel ? this.#layer(before) : this.options.signals.next(before),
      );
      for (const name of node.inputs) if (this.#uses.get(name) === i) this.#signals.delete(name);
    }
    return { params: this.#params, moments: this.#moments };
  }

  /** Null is a signal too. */
  #signal(name: string): S {
    const signal = this.#signals.get(name);
    if (signal === undefined) throw new EspalierError('internal', `nothing is known of ${name}`, { name });
    return signal;
  }

  #layer(turn: SignalTurn<S>): S {
    const { node } = turn.changed;
    this.#params.set(`${node.name}/kernel`, this.#newKernel(turn));
    const signal = this.options.signals.next(this.#renewed(turn));
    if (!this.options.recalibrates) return signal;
    return this.#centre(turn, signal) ? this.options.signals.next(this.#renewed(turn)) : signal;
  }

  #newKernel({ original, changed, keptOutputs }: SignalTurn<S>): Float32Array {
    const { table, ridge, folds } = this.options;
    const kernel = found(changed.numbers.kernel, changed.node.name);
    const whole = found(original.numbers.kernel, original.node.name);
    const filters = keptOutputs.length;
    if (!folds && table === null) return kernel;
    const known = folds && !isGrouped(changed) ? this.#known(original.node) : null;
    if (known === null) return table ? quantizeKernel(kernel, filters, table) : kernel;
    // A kernel of the original's shape lost at most single weights: others can take up their work.
    const base = kernel.length === whole.length ? whole : kernel;
    const mixed = folded({ kernel: base, whole, keptOutputs, known, ridge });
    if (table === null && !kernel.includes(0)) return mixed;
    const { channels, gram } = known;
    return pruneWithFeedback({
      kernel: mixed,
      kept: kernel,
      channels,
      filters,
      table,
      covariance: gram,
      ridge,
    });
  }

  /** Moments of the channels a layer reads, pixels of a flattened image together. */
  #known({ inputs }: GraphNode): Known | null {
    const source = unflattened(this.original.graph, inputs[0] ?? '');
    const signal = this.#signals.get(source);
    const distribution = signal === undefined ? null : this.options.signals.distribution(signal);
    return distribution && split(distribution, this.#kept(source));
  }

  /**
   * Restores mean and variance through the bias or the batch norm that follows; true when the bias changed.
   */
  #centre({ changed, keptOutputs }: SignalTurn<S>, signal: S): boolean {
    const marginals = this.options.signals.marginals(signal);
    if (marginals === null) return false;
    const { node, numbers } = changed;
    const shifts = shiftsOf(marginals, keptOutputs);
    if (numbers.bias) {
      this.#params.set(
        `${node.name}/bias`,
        numbers.bias.map((value, i) => value + (shifts[i]?.lost ?? 0)),
      );
      return true;
    }
    const norm = normBehind(this.smaller.graph, node.name);
    const moments = norm === null ? undefined : this.#moments.get(norm);
    if (norm !== null && moments) {
      this.#moments.set(norm, {
        mean: moments.mean.map((value, i) => value - (shifts[i]?.lost ?? 0)),
        variance: moments.variance.map((value, i) => value * (shifts[i]?.ratio ?? 1)),
      });
    }
    return false;
  }

  #renewed(turn: SignalTurn<S>): SignalTurn<S> {
    return { ...turn, changed: { ...turn.changed, numbers: this.#numbers(turn.changed.node) } };
  }

  #numbers(node: GraphNode): LayerNumbers {
    return numbersOf({ params: this.#params, moments: this.#moments }, node);
  }

  #kept(name: string | undefined): Uint32Array {
    return this.smaller.kept.get(name ?? '') ?? new Uint32Array(0);
  }
}

/** A variance is corrected by no more than these factors: estimates further off are unreliable. */
const RATIOS = [0.05, 4] as const;

/** By how much each channel's mean fell, and how much of its variance is left. */
function shiftsOf(
  { mean, variance }: Marginals,
  kept: Uint32Array,
): readonly { lost: number; ratio: number }[] {
  const width = mean.length - kept.length;
  return Array.from(kept, (channel, i) => {
    const ratio = (variance[width + i] ?? 0) / Math.max(1e-12, variance[channel] ?? 0);
    return {
      lost: (mean[channel] ?? 0) - (mean[width + i] ?? 0),
      ratio: Math.min(RATIOS[1], Math.max(RATIOS[0], ratio)),
    };
  });
}

/** Statistics of a layer's input channels. */
interface Known {
  /** Channels that are left. */
  readonly channels: number;
  readonly kept: Uint32Array;
  readonly gram: Float64Array;
  /** Gram entries of remaining channel i (row) with original channel j. */
  readonly cross: Float64Array;
}

function split({ mean, covariance }: Distribution, kept: Uint32Array): Known {
  const n = mean.length;
  const channels = kept.length;
  const all = n - channels;
  const gram = new Float64Array(channels * channels);
  const cross = new Float64Array(channels * all);
  for (let i = 0; i < channels; i++) {
    const row = (all + i) * n;
    gram.set(covariance.subarray(row + all, row + n), i * channels);
    cross.set(covariance.subarray(row, row + all), i * all);
  }
  return { channels, kept, gram, cross };
}

interface FoldOptions {
  /** The changed layer's, as it was cut. */
  readonly kernel: Float32Array;
  /** The original's. */
  readonly whole: Float32Array;
  readonly keptOutputs: Uint32Array;
  readonly known: Known;
  readonly ridge: number;
}

/**
 * The cut kernel plus, for every channel, the part that the kept ones predict beyond themselves: W_K + D·W.
 */
function folded({ kernel, whole, keptOutputs, known, ridge }: FoldOptions): Float32Array {
  const { channels, kept, gram, cross } = known;
  const all = cross.length / channels;
  const rest = cross.slice();
  for (let i = 0; i < channels; i++) {
    for (let j = 0; j < channels; j++)
      rest[i * all + (kept[j] ?? 0)] = (rest[i * all + (kept[j] ?? 0)] ?? 0) - (gram[i * channels + j] ?? 0);
  }
  const target = kernel.slice();
  if (rest.every((value) => Math.abs(value) < 1e-12)) return target;
  const mix = solveRidge({ sources: channels, targets: all, gram, cross: rest, ridge });
  const filters = keptOutputs.length;
  const taps = kernel.length / (channels * filters);
  const width = whole.length / (taps * all);
  const row = new Float32Array(filters);
  for (let tap = 0; tap < taps; tap++) {
    for (let j = 0; j < all; j++) {
      const from = (tap * all + j) * width;
      for (let f = 0; f < filters; f++) row[f] = whole[from + (keptOutputs[f] ?? 0)] ?? 0;
      for (let i = 0; i < channels; i++) {
        const share = mix[i * all + j] ?? 0;
        if (share === 0) continue;
        const to = (tap * channels + i) * filters;
        for (let f = 0; f < filters; f++) target[to + f] = (target[to + f] ?? 0) + share * (row[f] ?? 0);
      }
    }
  }
  return target;
}

function isGrouped({ node }: NodeSide): boolean {
  return node.op === 'conv2d' && node.groups > 1;
}

function unflattened(graph: ModelGraph, name: string): string {
  const node = graph.nodes.find((one) => one.name === name);
  return node?.op === 'flatten' ? unflattened(graph, node.inputs[0] ?? '') : name;
}

/** The batch norm that alone reads this node. */
function normBehind({ nodes, output }: ModelGraph, name: string): string | null {
  const readers = nodes.filter(({ inputs }) => inputs.includes(name));
  const [only] = readers;
  return readers.length === 1 && only?.op === 'batchNorm' && name !== output ? only.name : null;
}

/**
 * Position of the last node that needs each node's signal; a reader behind flatten needs the node before it.
 */
function lastUses(graph: ModelGraph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  graph.nodes.forEach(({ inputs }, i) => {
    for (const name of inputs) {
      uses.set(name, i);
      uses.set(unflattened(graph, name), i);
    }
  });
  return uses;
}
