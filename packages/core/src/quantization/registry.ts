import { entryNamed, type Registry } from '../registry/named-entry.js';
import { powersOfTwoQuantizer } from './powers-of-two.js';
import type { Quantizer } from './quantizer.js';
import { uniformQuantizer } from './uniform.js';

/** Every quantizer by name. A new one is one line here. */
export const quantizers: Registry<Quantizer> = {
  uniform: uniformQuantizer,
  apot: powersOfTwoQuantizer,
};

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function quantizerNamed(id: string): Quantizer {
  return entryNamed(quantizers, id, 'quantizer');
}
