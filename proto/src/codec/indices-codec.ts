import { decodeIndices, encodeIndices } from '@espalier/core/formats';
import { v1 } from '../wire.js';
import { indexCoding } from './enums.js';
import { malformed } from '../failure.js';
import { required } from './numbers.js';

/** One list of ascending indices below `size`. */
export function encodeIndexList(indices: Uint32Array, size: number): v1.EncodedIndices.$Properties {
  const { coding, riceBits, count, bytes } = encodeIndices(indices, size);
  return { coding: indexCoding.toNumber(coding), riceBits, count, data: bytes };
}

/** The indices. Memory is bounded by `size`. @throws EspalierError `malformed_message`. */
export function decodeIndexList(
  list: v1.EncodedIndices.$Shape | null | undefined,
  size: number,
): Uint32Array {
  const { coding, riceBits = 0, count = 0, data = new Uint8Array() } = required(list, 'an index list');
  return decodeIndices({ coding: indexCoding.toWord(coding), riceBits, count, bytes: data }, size);
}

/** Lists of several layers, column by column; `sizes[i]` belongs to `lists[i]`. */
export function encodeIndexLists(
  lists: readonly Uint32Array[],
  sizes: readonly number[],
): v1.IndexLists.$Properties {
  const encoded = lists.map((indices, i) => encodeIndices(indices, sizes[i]!));
  return {
    coding: encoded.map(({ coding }) => indexCoding.toNumber(coding)),
    riceBits: encoded.map(({ riceBits }) => riceBits),
    count: encoded.map(({ count }) => count),
    data: encoded.map(({ bytes }) => bytes),
  };
}

/** One list per size. @throws EspalierError `malformed_message`, also when a column has another length. */
export function decodeIndexLists(
  lists: v1.IndexLists.$Shape | null | undefined,
  sizes: readonly number[],
): Uint32Array[] {
  const { coding = [], riceBits = [], count = [], data = [] } = required(lists, 'an index list');
  for (const column of [coding, riceBits, count, data]) {
    if (column.length !== sizes.length)
      throw malformed(`${column.length} index lists for ${sizes.length} layers`);
  }
  return sizes.map((size, i) =>
    decodeIndexList({ coding: coding[i]!, riceBits: riceBits[i]!, count: count[i]!, data: data[i]! }, size),
  );
}
