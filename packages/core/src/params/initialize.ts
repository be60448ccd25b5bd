import type { ModelGraph } from '../graph/model-graph.js';
import { nodeNamed, parameterSpecs, type ParamSpec } from '../graph/parameters.js';
import { normalSource } from '../random/normal.js';
import { randomStream, type RandomStream } from '../random/stream.js';
import { identityMoments, type ModelState } from './model-state.js';

/**
 * A fresh network. Convolution kernels are normal with variance 2 / fan-out (He et al. 2015, eq. 14), where fan-out
 * counts the outputs one input feeds: `kh · kw · filters / groups`. Dense kernels are uniform with variance
 * 2 / (in + out) (Glorot & Bengio 2010, eq. 16). Biases and beta are 0, gamma is the node's `initialGamma`, running
 * means 0 and variances 1. Every parameter has a random stream of its own, keyed by its name, so the same seed gives
 * the same bits on every engine, and a layer keeps its values when others change.
 */
export function initialState(graph: ModelGraph, seed: number): ModelState {
  const params = new Map(parameterSpecs(graph).map((spec) => [spec.name, initialValues(graph, spec, seed)]));
  return { params, moments: identityMoments(graph) };
}

function initialValues(graph: ModelGraph, spec: ParamSpec, seed: number): Float32Array {
  const node = nodeNamed(graph, spec.node);
  const values = new Float32Array(spec.size);
  if (spec.role === 'gamma') return values.fill(node.op === 'batchNorm' ? node.initialGamma : 1);
  if (spec.role !== 'kernel') return values;
  const key = { seed, purpose: `initialize ${spec.name}` };
  return node.op === 'conv2d'
    ? fillNormal(values, Math.sqrt(2 / fanOut(spec, node.groups)), normalSource(randomStream(key)))
    : fillUniform(values, Math.sqrt(6 / denseFans(spec)), randomStream(key));
}

function fanOut({ shape }: ParamSpec, groups: number): number {
  const [height = 1, width = 1, , filters = 1] = shape;
  return (height * width * filters) / groups;
}

function denseFans({ shape }: ParamSpec): number {
  return shape.reduce((sum, extent) => sum + extent, 0);
}

function fillNormal(values: Float32Array, deviation: number, normal: () => number): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = deviation * normal();
  return values;
}

function fillUniform(values: Float32Array, limit: number, stream: RandomStream): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = limit * (2 * stream.uniform() - 1);
  return values;
}
