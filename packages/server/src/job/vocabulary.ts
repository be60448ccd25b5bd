import {
  allocations,
  criteria,
  methodNames,
  methods,
  trainsDensely as densely,
  zooNames,
} from '@espalier/core';

/** The names a job may use: what core has registered. */
export const vocabulary = {
  methods: methodNames(),
  models: zooNames(),
  criteria: Object.keys(criteria),
  allocations: Object.keys(allocations),
};

/** True for a method that keeps every weight, so that its only density is 1. */
export function trainsDensely(method: string): boolean {
  const found = methods[method];
  return found !== undefined && densely(found);
}
