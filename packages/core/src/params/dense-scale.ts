import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { LayerMask } from '../mask/mask.js';
import type { ModelState } from './model-state.js';

/**
 * The state with the kept weights of every layer as large as all of the layer's weights were: kernels times
 * rms(all) ÷ rms(kept), in layers whose outputs go through one batch norm and nowhere else. There the network
 * computes the same (up to the norm's epsilon; biases and moments follow) and the order of magnitudes stays,
 * but training steps become larger relative to the weights, by the inverse square of that factor: batch norm
 * makes a layer's effective learning rate the rate ÷ ‖w‖² (van Laarhoven 2017, arXiv:1706.05350). The weights
 * that magnitude pruning keeps of a normal distribution at density 0.05 have 2.4 times its root mean square.
 * @param kept per kernel, the weights that pruning keeps; layers without an entry are unchanged
 */
export function withDenseScale(graph: ModelGraph, state: ModelState, kept: readonly LayerMask[]): ModelState {
  const params = new Map(state.params);
  const moments = new Map(state.moments);
  const norms = normsBehind(graph);
  const nodes = new Map(maskableSpecs(graph).map(({ name, node }) => [name, node]));
  for (const { name, active } of kept) {
    const node = nodes.get(name) ?? '';
    const norm = norms.get(node);
    const kernel = params.get(name);
    if (norm === undefined || kernel === undefined) continue;
    const factor = rms(kernel) / rms(Float32Array.from(active, (i) => kernel[i] ?? 0));
    if (!Number.isFinite(factor) || factor === 0) continue;
    params.set(name, times(kernel, factor));
    const bias = params.get(`${node}/bias`);
    if (bias) params.set(`${node}/bias`, times(bias, factor));
    const { mean, variance } = moments.get(norm)!;
    moments.set(norm, { mean: times(mean, factor), variance: times(variance, factor * factor) });
  }
  return { params, moments };
}

/** Batch norms by the node whose output they alone read. */
function normsBehind(graph: ModelGraph): ReadonlyMap<string, string> {
  const readers = new Map<string, string[]>();
  for (const { name, inputs } of graph.nodes) {
    for (const input of inputs) readers.set(input, [...(readers.get(input) ?? []), name]);
  }
  return new Map(
    graph.nodes
      .filter(({ op, inputs }) => op === 'batchNorm' && readers.get(inputs[0]!)?.length === 1)
      .map(({ name, inputs }) => [inputs[0]!, name]),
  );
}

function rms(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function times(values: Float32Array, factor: number): Float32Array {
  return values.map((value) => value * factor);
}
