import { entryNamed, type Registry } from '../registry/named-entry.js';
import { cubic } from './cubic.js';
import { extruding } from './extruding.js';
import { granet } from './granet.js';
import { iterative } from './iterative.js';
import type { MaskRule } from './mask-rule.js';
import { pqIndexRule } from './pq-index.js';
import { progressive } from './progressive.js';
import { pruneFl } from './prune-fl.js';
import { thompson } from './thompson.js';
import { voted } from './voted.js';

/** Every rule by which a mask may change, by id. A new one is one line here. */
export const maskRules: Registry<MaskRule> = {
  progressive,
  pruneFl,
  voted,
  extruding,
  thompson,
  granet,
  cubic,
  pqIndex: pqIndexRule,
  iterative,
};

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function maskRuleNamed(id: string): MaskRule {
  return entryNamed(maskRules, id, 'mask rule');
}
