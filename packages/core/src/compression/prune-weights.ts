import { allocationNamed, type DistortionCurve } from '../allocation/index.js';
import { criterionNamed, type ScoreTree } from '../criteria/index.js';
import type { Batch } from '../data/batches.js';
import { EspalierError } from '../errors.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { GraphWithState } from '../groups/index.js';
import { maskFromScores } from '../mask/mask-from-scores.js';
import { keptCount, topK } from '../mask/top-k.js';
import type { ModelState } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import { pow } from '../random/index.js';
import type { Trainer } from '../trainer/trainer.js';

/** Selection of weights to remove. */
export interface WeightPruning {
  /** Over maskable weights, in (0, 1]. */
  readonly density: number;
  readonly criterion: string;
  readonly allocation: string;
  /** Density that `global` leaves every layer with at the least. */
  readonly layerFloor: number;
  /** Passes over which the density falls geometrically, with new scores each time; 1 is one-shot. */
  readonly iterations: number;
}

/** Inputs that plug-ins may receive. */
export interface PruningAids {
  readonly images: Batch;
  readonly seed: number;
  readonly trainer: Trainer | null;
}

/** Densities at which a layer's distortion is measured. */
const LEVELS = [1, 0.7, 0.5, 0.35, 0.2, 0.1, 0.05, 0.02, 0.01];

/** The state with the weights of lowest score set to 0, at the layer densities of the allocation. */
export async function pruneWeights(
  { graph, state }: GraphWithState,
  { density, criterion, allocation, layerFloor, iterations }: WeightPruning,
  { images, seed, trainer }: PruningAids,
): Promise<ModelState> {
  const scorer = criterionNamed(criterion);
  const allocator = allocationNamed(allocation);
  let { params } = state;
  for (let pass = 1; pass <= iterations; pass++) {
    const scores = scorer.score(graph, params, { rng: { seed, purpose: 'criterion' } });
    const distortions = allocator.needs.includes('distortions')
      ? await measureDistortions({ graph, state: { ...state, params } }, scores, { images, trainer })
      : null;
    const counts = allocator.counts(graph, pow(density, pass / iterations), {
      scores,
      layerFloor,
      ...(distortions ? { distortions } : {}),
    });
    params = applyMask(graph, maskFromScores(graph, scores, counts), params);
  }
  return { params, moments: state.moments };
}

/** Mean squared change of the logits when one layer alone is pruned to a level. */
async function measureDistortions(
  { graph, state }: GraphWithState,
  scores: ScoreTree,
  { images, trainer }: Pick<PruningAids, 'images' | 'trainer'>,
): Promise<ReadonlyMap<string, DistortionCurve>> {
  if (trainer === null) {
    throw new EspalierError('invalid_argument', 'measuring distortions takes a trainer, and none was given');
  }
  await trainer.load(graph, state, null);
  const wanted = await trainer.predict(images);
  const curves = new Map<string, DistortionCurve>();
  for (const { name, size } of maskableSpecs(graph)) {
    const points: { density: number; distortion: number }[] = [];
    for (const density of LEVELS) {
      const pruned = new Float32Array(size);
      const values = state.params.get(name) ?? pruned;
      for (const index of topK(scores.get(name) ?? pruned, keptCount(density, size)))
        pruned[index] = values[index]!;
      await trainer.load(graph, { ...state, params: new Map(state.params).set(name, pruned) }, null);
      points.push({ density, distortion: meanSquare(wanted, await trainer.predict(images)) });
    }
    curves.set(name, points);
  }
  return curves;
}

function meanSquare(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
}
