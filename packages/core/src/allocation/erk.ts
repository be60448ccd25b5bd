import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import { checkDensity } from '../mask/top-k.js';
import type { Allocation } from './allocation.js';
import { apportion } from './apportion.js';
import { keptTotal } from './kept-total.js';
import { proportionalDensities } from './proportional.js';

/**
 * Erdős–Rényi-kernel densities by maskable parameter name, before rounding (Evci et al., "Rigging the Lottery",
 * ICML 2020): min(1, ε · Σ(shape) / Π(shape)), with ε such that the model has the density. Thin layers stay denser.
 * @param density over maskable weights, in (0, 1]; otherwise `invalid_argument`
 */
export function erkDensities(graph: ModelGraph, density: number): ReadonlyMap<string, number> {
  checkDensity(density);
  const specs = maskableSpecs(graph);
  const densities = proportionalDensities(
    specs.map(({ shape, size }) => ({ size, wish: shape.reduce((sum, extent) => sum + extent, 0) / size })),
    density,
  );
  return new Map(specs.map(({ name }, i) => [name, densities[i]!]));
}

/** {@link erkDensities} in whole weights, by the largest remainder. */
export const erkAllocation: Allocation = {
  id: 'erk',
  needs: [],
  exactTotal: true,
  counts(graph, density) {
    const densities = erkDensities(graph, density);
    const specs = maskableSpecs(graph);
    const targets = specs.map(({ name, size }) => ({ name, size, target: densities.get(name)! * size }));
    return apportion(targets, keptTotal(specs, density));
  },
};
