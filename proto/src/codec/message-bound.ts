import { parameterSpecs, type ModelGraph } from '@espalier/core';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../framing/frame-limits.js';

/** Room per parameter: a float32 value and, at worst, a mask or gradient index with it, twice over. */
const BYTES_PER_PARAMETER = 16;

/** The largest message a job with that graph can honestly need; whatever is longer is refused before it is read. */
export function messageBytesBound(graph: ModelGraph): number {
  const parameters = parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0);
  return DEFAULT_MAX_MESSAGE_BYTES + BYTES_PER_PARAMETER * parameters;
}
