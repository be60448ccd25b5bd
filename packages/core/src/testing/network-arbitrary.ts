import fc from 'fast-check';
import type { Batch } from '../data/batches.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs, momentSpecs, parameterSpecs } from '../graph/parameters.js';
import { inputShape, numClasses, sizeOf } from '../graph/shapes.js';
import { Mask, type LayerMask } from '../mask/mask.js';
import { initialState } from '../params/initialize.js';
import type { ModelState } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import { normalSource } from '../random/normal.js';
import { randomStream, shuffled } from '../random/stream.js';

/** Masks of the graph: any number of active weights per layer, at least one, spread at random. */
export function masksOf(graph: ModelGraph): fc.Arbitrary<Mask> {
  const layers = maskableSpecs(graph).map(({ name, size }) =>
    fc
      .tuple(fc.integer({ min: 1, max: size }), fc.nat(2 ** 31 - 1))
      .map(([count, seed]) => spread(name, size, count, seed)),
  );
  return fc.tuple(...layers).map((drawn) => new Mask(drawn));
}

function spread(name: string, size: number, count: number, seed: number): LayerMask {
  const order = shuffled(
    Uint32Array.from({ length: size }).map((_, i) => i),
    randomStream({ seed, purpose: name }),
  );
  return { name, size, active: Uint32Array.from(order.slice(0, count)).sort() };
}

/**
 * A state with nothing at its neutral value: biases, gamma, beta and moments differ from channel to channel. Weights
 * outside the mask are 0. The same seed gives the same state.
 */
export function unevenState(graph: ModelGraph, seed: number, mask: Mask | null = null): ModelState {
  const normal = normalSource(randomStream({ seed, purpose: 'uneven state' }));
  const around = (centre: number, spreadBy: number, length: number): Float32Array =>
    Float32Array.from({ length }, () => centre + spreadBy * normal());
  const { params } = initialState(graph, seed);
  const uneven = new Map(params);
  for (const { name, role, size } of parameterSpecs(graph)) {
    if (role !== 'kernel') uneven.set(name, around(role === 'gamma' ? 1 : 0, 0.3, size));
  }
  const moments = momentSpecs(graph).map(({ node, channels }) => {
    const variance = around(1, 0.2, channels).map((value) => Math.max(0.1, value));
    return [node, { mean: around(0, 0.5, channels), variance }] as const;
  });
  return { params: applyMask(graph, mask, uneven), moments: new Map(moments) };
}

/** A batch of normal noise with labels in turn. The same seed gives the same batch. */
export function noiseBatch(graph: ModelGraph, size: number, seed: number): Batch {
  const normal = normalSource(randomStream({ seed, purpose: 'noise batch' }));
  const classes = numClasses(graph);
  return {
    images: Float32Array.from({ length: size * sizeOf(inputShape(graph)) }, normal),
    labels: Uint16Array.from({ length: size }, (_, i) => i % classes),
    size,
  };
}
