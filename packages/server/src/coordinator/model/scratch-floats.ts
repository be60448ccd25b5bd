import type { FloatMemory } from '@espalier/proto';

/** One place for one update's values at a time: they hold until the next are asked for. */
export function scratchFloats(): FloatMemory {
  let floats = new Float32Array();
  return (length) => {
    if (floats.length < length) floats = new Float32Array(length);
    return floats.subarray(0, length);
  };
}
