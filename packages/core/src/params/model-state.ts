import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { momentSpecs, parameterSpecs } from '../graph/parameters.js';

/**
 * Values by parameter name (`<node>/<role>`), row-major. Treated as immutable by all code that did not create
 * it.
 */
export type ParamTree = ReadonlyMap<string, Float32Array>;

/** Running mean and (population) variance per channel of one batch-norm node; variances are never negative. */
export interface Moments {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Batch-norm statistics by node name. */
export type MomentTree = ReadonlyMap<string, Moments>;

/** All numbers of a network. Maskable parameters are stored whole, with zeros where the mask is inactive. */
export interface ModelState {
  readonly params: ParamTree;
  readonly moments: MomentTree;
}

/** Mean 0 and variance 1 everywhere, as a fresh batch-norm layer has. */
export function identityMoments(graph: ModelGraph): MomentTree {
  return new Map(
    momentSpecs(graph).map(({ node, channels }) => [
      node,
      { mean: new Float32Array(channels), variance: new Float32Array(channels).fill(1) },
    ]),
  );
}

/** A deep copy. */
export function copyState(state: ModelState): ModelState {
  return {
    params: new Map([...state.params].map(([name, values]) => [name, values.slice()])),
    moments: new Map(
      [...state.moments].map(([node, { mean, variance }]) => [
        node,
        { mean: mean.slice(), variance: variance.slice() },
      ]),
    ),
  };
}

/**
 * Checks that the state has exactly the graph's parameters and moments, each of its size, all finite.
 * @throws EspalierError `invalid_params` naming the first that does not fit.
 */
export function checkState(graph: ModelGraph, state: ModelState): void {
  const specs = parameterSpecs(graph);
  for (const { name, size } of specs) checkValues(name, state.params.get(name), size);
  for (const { node, channels } of momentSpecs(graph)) {
    const moments = state.moments.get(node);
    checkValues(`${node} mean`, moments?.mean, channels);
    checkValues(`${node} variance`, moments?.variance, channels);
  }
  if (state.params.size !== specs.length) {
    throw new EspalierError(
      'invalid_params',
      `got ${String(state.params.size)} parameters, the graph ${graph.name} has ${String(specs.length)}`,
    );
  }
}

function checkValues(name: string, values: Float32Array | undefined, size: number): void {
  if (values?.length !== size) {
    throw new EspalierError(
      'invalid_params',
      `${name} has ${String(values?.length ?? 'no')} values, expected ${String(size)}`,
      { name },
    );
  }
  if (!allFinite(values)) {
    throw new EspalierError('invalid_params', `${name} holds a value that is not finite`, { name });
  }
}

/** Zero times a finite number is zero, and NaN for every other: no call per weight. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += 0 * values[i]!;
  return sum === 0;
}
