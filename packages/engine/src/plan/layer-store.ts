import type { LayerMask, Mask } from '@espalier/core';
import { blockBytes, blocksOf, ONE_BLOCK, type Blocks } from './blocks.js';
import type { Bump } from './bump.js';
import { phasesOf, type Phase } from './phases.js';
import { slotNamed, type Slot } from './slots.js';
import type { WeightedStep } from './steps.js';

/** Addresses of a layer's structure; 0 for parts that it does not have. */
export interface LayerStore {
  readonly step: WeightedStep;
  readonly kernel: Slot;
  readonly bias: Slot | null;
  /** The active weights' list; null where all are kept. */
  readonly active: Uint32Array | null;
  /** True when all weights take part in the computation, the inactive ones as zeros. */
  readonly dense: boolean;
  readonly phases: readonly Phase[];
  /** Byte offset per (tap, input channel) of one group. */
  readonly kOff: number;
  /** Each kept weight's flat index; 0 where all are kept. */
  readonly flat: number;
  /** All weights, inactive ones 0, of a dense layer that keeps only some. */
  readonly full: number;
  /** Rows by output channel: bounds and input offsets, in the order of `flat`. */
  readonly rowPtr: number;
  readonly off: number;
  /** The same rows by input channels; and those of the transpose by output channels. */
  readonly blocks: Blocks;
  readonly backBlocks: Blocks;
  /** Rows by (phase, input channel): bounds, offsets into the output gradient, source bytes and values. */
  readonly backPtr: number;
  readonly backOff: number;
  readonly backFrom: number;
  readonly backVal: number;
  /** Packed weights of the dense path. */
  readonly pack: number;
}

/** A layer whose structure has no addresses yet. */
export type LayerDraft = Pick<LayerStore, 'step' | 'kernel' | 'bias' | 'active' | 'dense' | 'phases'>;

/** Decides how a layer is computed, from the weights that the mask keeps. */
export function draftLayer(
  step: WeightedStep,
  slots: readonly Slot[],
  { mask, denseFrom }: { mask: Mask | null; denseFrom: number },
): LayerDraft {
  const kernel = slotNamed(slots, `${step.node}/kernel`);
  const bias = step.hasBias ? slotNamed(slots, `${step.node}/bias`) : null;
  const listed = mask?.layer(kernel.name);
  // Grouped layers use the lists too: a depthwise row has nine weights, which suits the sparse kernel.
  const dense = step.groups === 1 && kernel.count >= denseFrom * kernel.size;
  const active = activeOf(kernel, listed, dense);
  return { step, kernel, bias, active, dense, phases: phasesOf(step) };
}

/** The list if some weights are missing or if the lists are used for computing; otherwise null. */
function activeOf({ size }: Slot, listed: LayerMask | undefined, dense: boolean): Uint32Array | null {
  if (listed && listed.active.length < size) return listed.active;
  return dense ? null : Uint32Array.from({ length: size }, (_, i) => i);
}

/** A layer with addresses for its byte offsets, which come before all else. */
export type OffsetDraft = LayerDraft & Pick<LayerStore, 'kOff' | 'off' | 'backOff'>;

/** Gives a layer's byte offsets their addresses. */
export function placeOffsets(draft: LayerDraft, bump: Bump): OffsetDraft {
  const { step, kernel, dense, phases } = draft;
  const kOff = bump.take(4 * (kernel.size / step.y.channels));
  const off = dense ? 0 : bump.take(4 * kernel.count);
  const backOff = !dense && step.x.trainable ? bump.take(4 * kernel.count) : 0;
  if (!dense || !step.x.trainable) return { ...draft, kOff, off, backOff };
  const withOffsets = phases.map((phase) => ({
    ...phase,
    kOff: bump.take(4 * phase.taps.length * step.y.channels),
  }));
  return { ...draft, phases: withOffsets, kOff, off, backOff };
}

const NOWHERE = {
  flat: 0,
  full: 0,
  rowPtr: 0,
  blocks: ONE_BLOCK,
  backPtr: 0,
  backFrom: 0,
  backVal: 0,
  backBlocks: ONE_BLOCK,
  pack: 0,
};

/** Gives all other parts of a layer's structure their addresses. */
export function placeLayer(draft: OffsetDraft, bump: Bump): LayerStore {
  return draft.dense ? placeDense(draft, bump) : placeLists(draft, bump);
}

function placeDense(draft: OffsetDraft, bump: Bump): LayerStore {
  const { step, kernel, active } = draft;
  const { x, y } = step;
  const fours = Math.ceil(x.channels / 4);
  const pack = bump.take(16 * Math.ceil(y.channels / 4) * (kernel.size / y.channels));
  const phases = draft.phases.map((phase) =>
    x.trainable ? { ...phase, pack: bump.take(16 * fours * phase.taps.length * y.channels) } : phase,
  );
  const holes = active ? { flat: bump.take(4 * kernel.count), full: bump.take(4 * kernel.size) } : {};
  return { ...draft, ...NOWHERE, phases, pack, ...holes };
}

function placeLists(draft: OffsetDraft, bump: Bump): LayerStore {
  const { step, kernel, phases } = draft;
  const { x, y } = step;
  const rowPtr = bump.take(4 * (y.channels + 1));
  const flat = bump.take(4 * kernel.count);
  const blocks = placeBlocks(draft, bump, { rows: y.channels, channels: x.channels });
  if (!x.trainable) return { ...draft, ...NOWHERE, rowPtr, flat, blocks };
  const backPtr = bump.take(4 * (phases.length * x.channels + 1));
  const backFrom = bump.take(4 * kernel.count);
  const backVal = bump.take(4 * kernel.count);
  const backBlocks = placeBlocks(draft, bump, { rows: x.channels, channels: y.channels });
  return { ...draft, ...NOWHERE, rowPtr, flat, blocks, backPtr, backFrom, backVal, backBlocks };
}

/** Strided layers read too little of a row at a time to gain by blocks, and groups read few channels. */
function placeBlocks(
  { step, kernel, phases }: LayerDraft,
  bump: Bump,
  { rows, channels }: { rows: number; channels: number },
): Blocks {
  if (phases.length > 1 || step.groups > 1) return ONE_BLOCK;
  const cut = blocksOf(channels, kernel.count / (rows * channels));
  return { ...cut, at: bump.take(blockBytes(cut, rows)) };
}
