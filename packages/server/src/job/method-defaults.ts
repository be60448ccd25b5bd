import { methods, type Method } from '@espalier/core/methods';
import { isMap } from '../forms/yaml-map.js';
import type { RawJob } from './overrides.js';
import { DEFAULT_METHOD } from './vocabulary.js';

/** The job with what its method sets where the job itself says nothing; a name that is no method changes nothing. */
export function withMethodDefaults(raw: RawJob): RawJob {
  const { method = DEFAULT_METHOD } = raw;
  const known = typeof method === 'string' && Object.hasOwn(methods, method) ? methods[method] : undefined;
  return known === undefined ? raw : laidUnder(laidUnder(raw, presetOf(raw, known)), known.defaults);
}

function presetOf({ preset }: RawJob, { published = {} }: Method): RawJob {
  return preset === 'published' ? published : {};
}

/** Keys of the job win; maps are merged key by key. */
function laidUnder(raw: RawJob, defaults: RawJob): RawJob {
  const merged = Object.entries(defaults).map(([key, value]) => {
    const own = Object.hasOwn(raw, key) ? raw[key] : undefined;
    if (own === undefined) return [key, value] as const;
    return [key, isMap(own) && isMap(value) ? laidUnder(own, value) : own] as const;
  });
  return { ...raw, ...Object.fromEntries(merged) };
}
