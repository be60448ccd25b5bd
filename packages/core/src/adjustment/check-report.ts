import { EspalierError } from '../errors.js';
import { layerOf } from '../mask/layer-values.js';
import type { Mask } from '../mask/mask.js';
import type { TopGradientRequest, TopGradients } from '../trainer/trainer.js';

/**
 * Checks what a client reported against what it was asked for, before it is accepted.
 * @param mask the mask it trained under
 * @throws EspalierError `not_expected` for layers other than those asked for, in that order; `wrong_length`
 * when indices and values differ in number or exceed the request; `malformed_message` when indices are not
 * ascending, out of range or active; `not_finite`.
 */
export function checkGradientReport(
  mask: Mask,
  requests: readonly TopGradientRequest[],
  reported: readonly TopGradients[],
): void {
  const asked = requests.map(({ layer }) => layer).join(', ');
  const got = reported.map(({ layer }) => layer).join(', ');
  if (asked !== got) {
    throw new EspalierError(
      'not_expected',
      `top gradients came for [${got}], expected [${asked}] in that order`,
    );
  }
  for (const [i, { count }] of requests.entries()) checkLayer(mask, reported[i]!, count);
}

function checkLayer(mask: Mask, { layer: name, indices, values }: TopGradients, count: number): void {
  if (indices.length !== values.length || indices.length > count) {
    throw new EspalierError(
      'wrong_length',
      `${name}: ${indices.length} indices and ${values.length} gradients came, expected as many of both, at most ${count}`,
      { name, count },
    );
  }
  const stray = strayIndex(indices, layerOf(mask, name));
  if (stray !== undefined) {
    throw new EspalierError(
      'malformed_message',
      `${name}: index ${stray} is not ascending, not in range or not inactive`,
      { name, index: stray },
    );
  }
  if (!values.every((value) => Number.isFinite(value))) {
    throw new EspalierError('not_finite', `${name}: a reported gradient is not finite`, { name });
  }
}

/** The first index that is out of order, out of range or active. */
function strayIndex(
  indices: Uint32Array,
  { size, active }: { readonly size: number; readonly active: Uint32Array },
): number | undefined {
  let previous = -1;
  let next = 0;
  for (const index of indices) {
    while (next < active.length && active[next]! < index) next++;
    if (index <= previous || index >= size || active[next] === index) return index;
    previous = index;
  }
  return undefined;
}
