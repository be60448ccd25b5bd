import { entryNamed, type Registry } from '../registry/named-entry.js';
import { adjustingMethods } from './adjusting-methods.js';
import { denseMethods } from './dense-methods.js';
import type { Method } from './method.js';
import { staticMethods } from './static-methods.js';

/** Every method, by name. */
export const methods: Registry<Method> = Object.fromEntries(
  [...denseMethods, ...staticMethods, ...adjustingMethods].map((method) => [method.name, method]),
);

/** Names a job may use. */
export function methodNames(): readonly string[] {
  return Object.keys(methods);
}

/** @throws EspalierError `invalid_argument` naming the nearest name there is, then all. */
export function methodNamed(name: string): Method {
  return entryNamed(methods, name, 'method');
}
