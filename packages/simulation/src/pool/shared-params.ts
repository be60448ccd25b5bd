import type { ParamTree } from '@espalier/core';

/** Shared copies, for as long as their parameters are in use. */
const copies = new WeakMap<ParamTree, ParamTree>();

/**
 * The parameters in memory that threads share. Clients of a round begin with the same ones: they are copied once, not for
 * each client to its thread, which leaves garbage on both. Nobody writes to parameters once they are made, so sharing them
 * is safe.
 */
export function sharedParams(params: ParamTree): ParamTree {
  const known = copies.get(params);
  if (known) return known;
  const shared = new Map([...params].map(([name, values]) => [name, sharedCopy(values)]));
  copies.set(params, shared);
  copies.set(shared, shared);
  return shared;
}

function sharedCopy(values: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  copy.set(values);
  return copy;
}
