import type { Mask } from '@espalier/core';
import { Bump } from './bump.js';
import { draftLayer, placeLayer, placeOffsets, type LayerStore } from './layer-store.js';
import { floatsOf, planSlots, slotNamed, type Slot } from './slots.js';
import type { LoweredModel } from './steps.js';

/** Addresses of a batch norm's numbers. */
export interface NormStore {
  readonly node: string;
  readonly channels: number;
  /** Pixels of its input. */
  readonly positions: number;
  readonly gamma: Slot;
  readonly beta: Slot;
  readonly stats: number;
  readonly norm: number;
  readonly running: number;
}

/** Everything that outlives a step, with its address. */
export interface Store {
  readonly slots: readonly Slot[];
  readonly layers: ReadonlyMap<string, LayerStore>;
  readonly norms: ReadonlyMap<string, NormStore>;
  /** Floats in the values and in the gradients, and in each array an optimiser adds. */
  readonly floats: number;
  readonly values: number;
  readonly grads: number;
  /** All byte offsets are together, so that one pass scales them to another batch size. */
  readonly offsets: number;
  readonly offsetCount: number;
  /** f64 sum of losses, f64 correct count. */
  readonly result: number;
  /** Eight f32 for the optimiser. */
  readonly hyper: number;
  readonly end: number;
}

/**
 * The share of kept weights from which on a layer computes with all of them. The point where the two paths
 * take the same time was measured (`espalier bench engine --versus dense-path`, README); it is a constant
 * because the paths add in different orders and every host must get the same bits.
 */
export const DENSE_FROM = 0.9;

/** Start of the store, and share of kept weights from which a layer is computed as dense. */
export interface StoreOptions {
  readonly base: number;
  readonly denseFrom: number;
}

/** Gives every persistent number an address from `base` on. A null mask keeps everything. */
export function planStore(model: LoweredModel, mask: Mask | null, { base, denseFrom }: StoreOptions): Store {
  const slots = planSlots(model.graph, mask);
  const floats = floatsOf(slots);
  const bump = new Bump(base);
  const result = bump.take(16);
  const hyper = bump.take(32);
  const values = bump.take(4 * floats);
  const grads = bump.take(4 * floats);
  const steps = model.steps.filter((step) => step.kind === 'weighted');
  const drafts = steps.map((step) => draftLayer(step, slots, { mask, denseFrom }));
  const offsets = bump.take(0);
  const withOffsets = drafts.map((draft) => placeOffsets(draft, bump));
  const offsetCount = (bump.next - offsets) / 4;
  const layers = new Map(withOffsets.map((draft) => [draft.step.node, placeLayer(draft, bump)]));
  const norms = planNorms(model, slots, bump);
  return {
    floats,
    values,
    grads,
    slots,
    layers,
    norms,
    offsets,
    offsetCount,
    result,
    hyper,
    end: bump.take(0),
  };
}

function planNorms(model: LoweredModel, slots: readonly Slot[], bump: Bump): ReadonlyMap<string, NormStore> {
  const norms = new Map<string, NormStore>();
  for (const step of model.steps) {
    if (step.kind !== 'join') continue;
    for (const { norm, source } of step.terms) {
      if (!norm) continue;
      const { channels } = source;
      const positions = source.height * source.width;
      const stats = bump.take(24 * channels);
      const block = bump.take(32 * channels);
      const running = bump.take(8 * channels);
      const gamma = slotNamed(slots, `${norm.name}/gamma`);
      const beta = slotNamed(slots, `${norm.name}/beta`);
      norms.set(norm.name, {
        node: norm.name,
        channels,
        positions,
        gamma,
        beta,
        stats,
        norm: block,
        running,
      });
    }
  }
  return norms;
}
