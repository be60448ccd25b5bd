import {
  keptCount,
  Mask,
  maskableSpecs,
  momentCount,
  packedLength,
  randomStream,
  unpackActive,
  unpackMoments,
  type RandomStream,
  type MaskDeltaLayer,
  type ModelGraph,
  type ModelState,
} from '@espalier/core';

/** A mask that keeps `density` of every layer, anywhere. */
export function randomMask(graph: ModelGraph, density: number, seed = 1): Mask {
  const stream = randomStream({ seed, purpose: 'test mask' });
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: chosen(size, keptCount(density, size), stream),
    })),
  );
}

/** A change of the mask that exchanges `share` of each layer's active weights for inactive ones. */
export function exchanged(mask: Mask, share: number, seed = 1): MaskDeltaLayer[] {
  const stream = randomStream({ seed, purpose: 'test exchange' });
  return mask.layers.map(({ name, size, active }) => {
    const taken = new Set(active);
    const inactive = Uint32Array.from({ length: size }, (_, i) => i).filter((i) => !taken.has(i));
    const count = Math.min(inactive.length, Math.round(active.length * share));
    return {
      name,
      dropped: chosen(active.length, count, stream).map((i) => active[i]!),
      grown: chosen(inactive.length, count, stream).map((i) => inactive[i]!),
    };
  });
}

/** Ascending positions, `count` of `size`, in one pass (selection sampling: Knuth, TAOCP 2, 3.4.2, algorithm S). */
function chosen(size: number, count: number, stream: RandomStream): Uint32Array {
  const positions = new Uint32Array(count);
  let found = 0;
  for (let i = 0; found < count; i++) {
    if (stream.uniform() * (size - i) < count - found) positions[found++] = i;
  }
  return positions;
}

/** Values of every magnitude, −0 and the extremes of float32 among them; variances above 0. */
export function randomState(graph: ModelGraph, mask: Mask, seed = 1): ModelState {
  const stream = randomStream({ seed, purpose: 'test state' });
  const value = (): number => (stream.uniform() - 0.5) * 2 ** (stream.below(200) - 100);
  const values = Float32Array.from({ length: packedLength(graph, mask) }, value);
  values.set([-0, 1e-45, -3.4e38]);
  const moments = Float32Array.from({ length: momentCount(graph) }, () => stream.uniform());
  return { params: unpackActive(graph, mask, values), moments: unpackMoments(graph, moments) };
}
