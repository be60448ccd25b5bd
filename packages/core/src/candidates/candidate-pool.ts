/**
 * FedTiny's coarse pruning (Huang et al., ICDCS 2023): a pool of candidates that differ in how the density is
 * spread over the layers. Every candidate ranks the same weights by magnitude, so within a layer the smaller
 * is a subset of the larger: the whole pool is one sparse model (the largest of each layer) and a table of
 * counts.
 */
import type { ModelState, ParamTree } from '../params/model-state.js';
import { erkDensities } from '../allocation/erk.js';
import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { PoolSpec } from './pool-spec.js';
import { largestAt } from '../mask/largest-at.js';
import { layerValues } from '../mask/layer-values.js';
import { Mask, type LayerMask } from '../mask/mask.js';
import { checkDensity, topK } from '../mask/top-k.js';
import { randomStream } from '../random/stream.js';
import { drawKeptCounts, type DrawnLayer } from './layer-draw.js';

/** A pool without its values: see `NestedPool`. */
export interface NestedPoolPlan {
  /** Per maskable layer, in canonical order, the largest number that any candidate keeps, by magnitude. */
  readonly union: readonly LayerMask[];
  /** Candidates × layers: the weights each keeps. */
  readonly counts: readonly Uint32Array[];
}

/** Settings and inputs for drawing a pool. */
export interface PoolRequest {
  readonly graph: ModelGraph;
  /** Over maskable weights, in (0, 1]; every candidate meets it within 2 %. */
  readonly density: number;
  readonly spec: Pick<PoolSpec, 'size' | 'allocation'>;
  readonly seed: number;
  /** Pretrained dense weights; their magnitudes rank. */
  readonly params: ParamTree;
}

/**
 * Draws the pool. Around `uniform` a layer's density is U[0.5 d, 1.5 d); around `erk` it is the ERK density times
 * U[0, 2), at most 1; `mixed` takes turns, uniform first. Each candidate has a random stream of its own, so a larger
 * pool begins with the smaller one.
 * @throws EspalierError `invalid_argument` for an impossible density or size; `invalid_params`.
 */
export function drawPool({ graph, density, spec, seed, params }: PoolRequest): NestedPoolPlan {
  checkDensity(density);
  if (!Number.isSafeInteger(spec.size) || spec.size < 1) {
    throw new EspalierError('invalid_argument', `pool size ${spec.size} is not a whole number of at least 1`);
  }
  const counts = Array.from({ length: spec.size }, (_, candidate) => {
    const stream = randomStream({ seed, purpose: `candidate-pool/${candidate}` });
    return drawKeptCounts(drawnLayers(graph, density, centreOf(spec.allocation, candidate)), density, stream);
  });
  return { union: unionOf(graph, params, counts), counts };
}

/**
 * The mask of one candidate, from what a client receives: in each layer the `counts` largest |w| of the union, of
 * equals the lower index. Only values at the union's indices are read, so coordinator and client agree.
 * @param params parameters by name, whole; anything outside the union is ignored
 * @param counts weights kept per layer, in the order of `union`
 * @throws EspalierError `invalid_mask` when union or counts do not fit the graph or each other; `invalid_params`.
 */
export function candidateMask(
  graph: ModelGraph,
  union: readonly LayerMask[],
  params: ParamTree,
  counts: Uint32Array,
): Mask {
  const whole = new Mask(union);
  whole.checkFits(graph);
  if (counts.length !== union.length) {
    throw new EspalierError('invalid_mask', `${counts.length} counts for a pool of ${union.length} layers`);
  }
  return new Mask(whole.layers.map((layer, i) => largestOf(layer, params, counts[i]!)));
}

/** The part of a pool's table that one candidate is drawn around. */
function centreOf(allocation: PoolSpec['allocation'], candidate: number): 'uniform' | 'erk' {
  if (allocation !== 'mixed') return allocation;
  return candidate % 2 === 0 ? 'uniform' : 'erk';
}

function drawnLayers(graph: ModelGraph, density: number, centre: 'uniform' | 'erk'): readonly DrawnLayer[] {
  const erk = centre === 'erk' ? erkDensities(graph, density) : undefined;
  return maskableSpecs(graph).map(({ name, size }) => ({
    name,
    size,
    centre: erk?.get(name) ?? density,
    spread: erk ? 1 : 0.5,
  }));
}

function unionOf(graph: ModelGraph, params: ParamTree, counts: readonly Uint32Array[]): readonly LayerMask[] {
  return maskableSpecs(graph).map((spec, i) => {
    const largest = Math.max(...counts.map((row) => row[i]!));
    const magnitudes = layerValues(spec, params).map(Math.abs);
    return { name: spec.name, size: spec.size, active: topK(magnitudes, largest) };
  });
}

function largestOf(layer: LayerMask, params: ParamTree, count: number): LayerMask {
  const { name, size, active } = layer;
  if (count < 1 || count > active.length) {
    throw new EspalierError(
      'invalid_mask',
      `a candidate keeps ${count} of the pool's ${active.length} weights of ${name}; expected 1 to all`,
      { name },
    );
  }
  return { name, size, active: largestAt(layerValues(layer, params), active, count) };
}

/** The weights that a candidate keeps on average: candidates share their weights, and so one scale. */
export function middleOf({ union, counts }: NestedPoolPlan, { params }: ModelState): readonly LayerMask[] {
  return union.map((layer, at) => {
    const mean = counts.reduce((sum, row) => sum + row[at]!, 0) / counts.length;
    return { ...layer, active: largestAt(params.get(layer.name)!, layer.active, Math.round(mean)) };
  });
}
