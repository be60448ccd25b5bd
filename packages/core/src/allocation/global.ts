import { EspalierError } from '../errors.js';
import { maskableSpecs, type ParamSpec } from '../graph/parameters.js';
import { layerOf, layerValues, valuesAt } from '../mask/layer-values.js';
import type { Mask } from '../mask/mask.js';
import { keptCount, topK } from '../mask/top-k.js';
import type { Allocation } from './allocation.js';
import { keptTotal } from './kept-total.js';

/**
 * Ranks all weights of the model together (as SNIP does: Lee et al., ICLR 2019), after every layer has
 * received its floor. Among equal scores those of the earlier layer are kept.
 */
export const globalAllocation: Allocation = {
  id: 'global',
  needs: ['scores'],
  exactTotal: true,
  counts(graph, density, { scores, left, layerFloor }) {
    if (scores === undefined) {
      throw new EspalierError('invalid_argument', 'allocation global needs scores; none were given');
    }
    const specs = maskableSpecs(graph);
    const floors = specs.map(({ size }) => (layerFloor === 0 ? 1 : keptCount(layerFloor, size)));
    const rest = keptTotal(specs, density) - floors.reduce((sum, floor) => sum + floor, 0);
    if (rest < 0) throw floorTooHigh(density, layerFloor);
    const contested = specs.map((spec, i) => withoutTop(scoresLeft(spec, scores, left), floors[i] ?? 0));
    const won = winsPerLayer(contested, rest);
    return new Map(specs.map(({ name }, i) => [name, (floors[i] ?? 0) + (won[i] ?? 0)]));
  },
};

/** A layer's scores, only of the weights that are left. */
function scoresLeft(
  spec: ParamSpec,
  scores: ReadonlyMap<string, Float32Array>,
  left: Mask | undefined,
): Float32Array {
  const values = layerValues(spec, scores);
  return left === undefined ? values : valuesAt(values, layerOf(left, spec.name).active);
}

/** The scores that the layer's floor does not keep already. */
function withoutTop(scores: Float32Array, floor: number): Float32Array {
  const others = new Float32Array(scores.length - Math.min(floor, scores.length));
  let at = 0;
  let from = 0;
  for (const kept of topK(scores, Math.min(floor, scores.length))) {
    others.set(scores.subarray(from, kept), at);
    at += kept - from;
    from = kept + 1;
  }
  others.set(scores.subarray(from), at);
  return others;
}

/** Number of the `count` largest scores of all layers that fall into each layer. */
function winsPerLayer(layers: readonly Float32Array[], count: number): number[] {
  const all = new Float32Array(layers.reduce((sum, scores) => sum + scores.length, 0));
  const ends: number[] = [];
  let end = 0;
  for (const scores of layers) {
    all.set(scores, end);
    ends.push((end += scores.length));
  }
  const wins = layers.map(() => 0);
  let layer = 0;
  for (const position of topK(all, count)) {
    while (position >= (ends[layer] ?? 0)) layer++;
    wins[layer] = (wins[layer] ?? 0) + 1;
  }
  return wins;
}

function floorTooHigh(density: number, layerFloor: number): EspalierError {
  return new EspalierError(
    'invalid_argument',
    `density ${density} cannot give every layer its floor of ${layerFloor === 0 ? 'one weight' : layerFloor}; ` +
      'lower the floor or raise the density',
    { density, layerFloor },
  );
}
