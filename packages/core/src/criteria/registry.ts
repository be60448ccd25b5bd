import { entryNamed, type Registry } from '../registry/named-entry.js';
import type { Criterion } from './criterion.js';
import { graspCriterion } from './grasp.js';
import { magnitudeCriterion } from './magnitude.js';
import { randomCriterion } from './random.js';
import { snipCriterion } from './snip.js';
import { synflowCriterion } from './synflow.js';

/** Every criterion that a job can name. A new one is one line here. */
export const criteria: Registry<Criterion> = {
  magnitude: magnitudeCriterion,
  random: randomCriterion,
  synflow: synflowCriterion,
  snip: snipCriterion,
  grasp: graspCriterion,
};

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function criterionNamed(id: string): Criterion {
  return entryNamed(criteria, id, 'criterion');
}
