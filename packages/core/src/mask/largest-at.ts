import { magnitudesAt } from './layer-values.js';
import { topK } from './top-k.js';

/**
 * The `count` indices at which |value| is largest, ascending; of equals the lower index.
 * @param indices ascending
 * @throws EspalierError as `topK`.
 */
export function largestAt(values: Float32Array, indices: Uint32Array, count: number): Uint32Array {
  return topK(magnitudesAt(values, indices), count).map((position) => indices[position]!);
}
