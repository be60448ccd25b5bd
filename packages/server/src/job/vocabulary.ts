import { methods, methodNames, zooNames } from '@espalier/core';

/** The names a job may use: what this build of Espalier has registered. */
export const vocabulary = {
  methods: methodNames(),
  models: zooNames(),
  criteria: ['magnitude', 'random'],
  allocations: ['uniform', 'erk', 'global'],
} as const;

/** True for a method that keeps every weight, so that its only density is 1. */
export function trainsDensely(method: string): boolean {
  return methods[method]?.initialMask === 'dense';
}
