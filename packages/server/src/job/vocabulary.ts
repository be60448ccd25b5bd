import { zooNames } from '@espalier/core';
import {
  allocations,
  criteria,
  methodNames,
  methods,
  trainsDensely as densely,
} from '@espalier/core/methods';

/** Method of a job that names none. */
export const DEFAULT_METHOD = 'fedtiny';

/** Inputs that a coordinator can give a plug-in before the first round; gradients are of its own images. */
const GIVEN: ReadonlySet<string> = new Set(['rng', 'scores', 'gradients', 'hessianGradients']);

/** The names a job may use: what core has registered and the coordinator can serve. */
export const vocabulary = {
  methods: methodNames(),
  models: zooNames(),
  criteria: servable(criteria),
  allocations: servable(allocations),
};

function servable(registry: Readonly<Record<string, { readonly needs: readonly string[] }>>): string[] {
  return Object.keys(registry).filter((id) => registry[id]?.needs.every((need) => GIVEN.has(need)));
}

/** True for a method that keeps every weight, so that its only density is 1. */
export function trainsDensely(method: string): boolean {
  const found = methods[method];
  return found !== undefined && densely(found);
}
