import { maskableSpecs } from '../graph/parameters.js';
import { keptCount } from '../mask/top-k.js';
import type { Allocation } from './allocation.js';

/** The same density in every layer, each rounded for itself. */
export const uniformAllocation: Allocation = {
  id: 'uniform',
  needs: [],
  exactTotal: false,
  counts: (graph, density) =>
    new Map(maskableSpecs(graph).map(({ name, size }) => [name, keptCount(density, size)])),
};
