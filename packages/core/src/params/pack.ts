import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { momentSpecs, parameterSpecs, type ParamSpec } from '../graph/parameters.js';
import type { Mask } from '../mask/mask.js';
import type { MomentTree, ParamTree } from './model-state.js';

/**
 * Values as they are sent: parameters in canonical order ({@link parameterSpecs}); of a maskable parameter
 * only the active values, in ascending index order; of every other parameter all values. A null mask means
 * that every weight is active. Both ends know the mask, so nothing else is sent.
 */

/** Number of values {@link packActive} gives: active weights and always-dense parameters. */
export function packedLength(graph: ModelGraph, mask: Mask | null): number {
  return parameterSpecs(graph).reduce(
    (sum, spec) => sum + (activeIndices(spec, mask)?.length ?? spec.size),
    0,
  );
}

/**
 * The values that travel, in a new array.
 * @throws EspalierError `invalid_params` or `invalid_mask` naming the first parameter that does not fit the graph.
 */
export function packActive(graph: ModelGraph, mask: Mask | null, params: ParamTree): Float32Array {
  const packed = new Float32Array(packedLength(graph, mask));
  let at = 0;
  for (const spec of parameterSpecs(graph)) {
    const values = valuesOf(spec, params);
    const active = activeIndices(spec, mask);
    if (active === null) packed.set(values, at);
    else gather(values, active, packed.subarray(at, at + active.length));
    at += active?.length ?? spec.size;
  }
  return packed;
}

/**
 * The parameters of those packed values, with 0 where the mask is inactive; a new tree, the inverse of
 * {@link packActive}.
 * @throws EspalierError `wrong_length` naming both lengths; `invalid_mask`.
 */
export function unpackActive(graph: ModelGraph, mask: Mask | null, values: Float32Array): ParamTree {
  checkLength(`of ${graph.name}`, values.length, packedLength(graph, mask));
  const params = new Map<string, Float32Array>();
  let at = 0;
  for (const spec of parameterSpecs(graph)) {
    const active = activeIndices(spec, mask);
    const part = values.subarray(at, at + (active?.length ?? spec.size));
    params.set(spec.name, active === null ? part.slice() : scatter(part, active, spec.size));
    at += part.length;
  }
  return params;
}

/**
 * As {@link unpackActive}, with 0 also where `kept`, a part of the mask, is inactive.
 * @throws EspalierError `wrong_length` naming both lengths; `invalid_mask`.
 */
export function unpackKept(
  graph: ModelGraph,
  { mask, kept }: { readonly mask: Mask; readonly kept: Mask },
  values: Float32Array,
): ParamTree {
  checkLength(`of ${graph.name}`, values.length, packedLength(graph, mask));
  const params = new Map<string, Float32Array>();
  let at = 0;
  for (const spec of parameterSpecs(graph)) {
    const [active, wanted] = [activeIndices(spec, mask), activeIndices(spec, kept)];
    const part = values.subarray(at, at + (active?.length ?? spec.size));
    const whole = new Float32Array(spec.size);
    if (active === null || wanted === null) whole.set(part);
    else scatterKept(whole, { part, active, wanted });
    params.set(spec.name, whole);
    at += part.length;
  }
  return params;
}

interface KeptPart {
  readonly part: Float32Array;
  readonly active: Uint32Array;
  /** Some of `active`, in the same order. */
  readonly wanted: Uint32Array;
}

function scatterKept(target: Float32Array, { part, active, wanted }: KeptPart): void {
  for (let i = 0, next = 0; next < wanted.length && i < active.length; i++) {
    if (active[i] !== wanted[next]) continue;
    target[active[i]!] = part[i]!;
    next++;
  }
}

/**
 * A copy of the parameters with 0 wherever the mask is inactive; always-dense parameters as they are.
 * @throws EspalierError `invalid_params` or `invalid_mask` naming the first parameter that does not fit the graph.
 */
export function applyMask(graph: ModelGraph, mask: Mask | null, params: ParamTree): ParamTree {
  return new Map(
    parameterSpecs(graph).map((spec) => {
      const values = valuesOf(spec, params);
      const active = activeIndices(spec, mask);
      return [spec.name, active === null ? values.slice() : keepOnly(values, active)];
    }),
  );
}

/** Number of parameters that no mask touches: stem, classifier, biases and norms. */
export function alwaysDenseCount(graph: ModelGraph): number {
  return parameterSpecs(graph).reduce((sum, { size, maskable }) => sum + (maskable ? 0 : size), 0);
}

/** Number of values in a network's batch-norm statistics: a mean and a variance per channel. */
export function momentCount(graph: ModelGraph): number {
  return momentSpecs(graph).reduce((sum, { channels }) => sum + 2 * channels, 0);
}

/**
 * Batch-norm statistics as they are sent: nodes in graph order, for each the means, then the variances.
 * @throws EspalierError `invalid_params` naming the first node whose moments are missing or of another size.
 */
export function packMoments(graph: ModelGraph, moments: MomentTree): Float32Array {
  const packed = new Float32Array(momentCount(graph));
  let at = 0;
  for (const { node, channels } of momentSpecs(graph)) {
    const { mean, variance } = moments.get(node) ?? {};
    if (mean?.length !== channels || variance?.length !== channels) {
      throw new EspalierError(
        'invalid_params',
        `the moments of ${node} are not ${String(channels)} means and variances`,
        {
          node,
        },
      );
    }
    packed.set(mean, at);
    packed.set(variance, at + channels);
    at += 2 * channels;
  }
  return packed;
}

/**
 * The inverse of {@link packMoments}.
 * @throws EspalierError `wrong_length` naming both lengths.
 */
export function unpackMoments(graph: ModelGraph, values: Float32Array): MomentTree {
  checkLength(`of batch-norm moments of ${graph.name}`, values.length, momentCount(graph));
  let at = 0;
  return new Map(
    momentSpecs(graph).map(({ node, channels }) => {
      const mean = values.slice(at, at + channels);
      const variance = values.slice(at + channels, at + 2 * channels);
      at += 2 * channels;
      return [node, { mean, variance }];
    }),
  );
}

/** Active indices of a parameter; null if all of its values count. */
function activeIndices({ name, size, maskable }: ParamSpec, mask: Mask | null): Uint32Array | null {
  if (!maskable || mask === null) return null;
  const layer = mask.layer(name);
  if (layer?.size !== size) {
    throw new EspalierError(
      'invalid_mask',
      `the mask has ${String(layer?.size ?? 'no')} weights for ${name}, the graph ${String(size)}`,
      { name },
    );
  }
  return layer.active;
}

function valuesOf({ name, size }: ParamSpec, params: ParamTree): Float32Array {
  const values = params.get(name);
  if (values?.length === size) return values;
  throw new EspalierError(
    'invalid_params',
    `${name} has ${String(values?.length ?? 'no')} values, expected ${String(size)}`,
    { name },
  );
}

function checkLength(what: string, got: number, expected: number): void {
  if (got === expected) return;
  throw new EspalierError('wrong_length', `got ${String(got)} values ${what}, expected ${String(expected)}`, {
    got,
    expected,
  });
}

function gather(values: Float32Array, active: Uint32Array, target: Float32Array): void {
  for (let i = 0; i < active.length; i++) target[i] = values[active[i]!]!;
}

function scatter(part: Float32Array, active: Uint32Array, size: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < active.length; i++) values[active[i]!] = part[i]!;
  return values;
}

function keepOnly(values: Float32Array, active: Uint32Array): Float32Array {
  const kept = new Float32Array(values.length);
  for (const index of active) kept[index] = values[index]!;
  return kept;
}
