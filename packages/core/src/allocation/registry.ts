import { entryNamed, type Registry } from '../registry/named-entry.js';
import type { Allocation } from './allocation.js';
import { distortionAllocation } from './distortion.js';
import { erkAllocation } from './erk.js';
import { globalAllocation } from './global.js';
import { lampAllocation } from './lamp.js';
import { pqiAllocation } from './pqi.js';
import { uniformAllocation } from './uniform.js';

/** Every allocation that a job can name. A new one is one line here. */
export const allocations: Registry<Allocation> = {
  uniform: uniformAllocation,
  erk: erkAllocation,
  global: globalAllocation,
  lamp: lampAllocation,
  pqi: pqiAllocation,
  distortion: distortionAllocation,
};

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function allocationNamed(id: string): Allocation {
  return entryNamed(allocations, id, 'allocation');
}
