import { parameterSpecs, type LayerMask, type Mask } from '@espalier/core';
import { blockBytes, blocksOf, ONE_BLOCK, type Blocks } from '../weights/blocks.js';
import { phaseOfTap, type LoweredModel, type WeightedStep } from './lower.js';

/** One parameter's place in the values, gradients and optimiser state. */
export interface Slot {
  readonly name: string;
  /** Values of the whole parameter. */
  readonly size: number;
  /** Values kept: only the active ones of a sparse kernel. */
  readonly count: number;
  /** Floats from the start of the values; a multiple of 4, and so is the room behind it. */
  readonly start: number;
}

/** One stride phase of a layer's input gradient: input pixels `(phaseY + sy·i, phaseX + sx·j)`. */
export interface Phase {
  readonly y: number;
  readonly x: number;
  /** Kernel taps that reach these pixels. */
  readonly taps: readonly (readonly [number, number])[];
  /** Of a dense layer whose input has a gradient: byte offset per (tap, filter), and the transposed packed weights. */
  readonly kOff: number;
  readonly pack: number;
}

/** Where a layer's structure lies. Addresses of things it does not have are 0. */
export interface LayerStore {
  readonly step: WeightedStep;
  readonly kernel: Slot;
  readonly bias: Slot | null;
  /** The active weights' list; null where all are kept. */
  readonly active: Uint32Array | null;
  /** Whether all weights are computed with, the inactive ones as zeros. */
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

/** Where a batch norm's numbers lie. */
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
  /** All byte offsets stand together, so that one pass scales them to another batch size. */
  readonly offsets: number;
  readonly offsetCount: number;
  /** f64 sum of losses, f64 correct count. */
  readonly result: number;
  /** Eight f32 for the optimiser. */
  readonly hyper: number;
  readonly end: number;
}

/** Bump allocation from a first address. */
class Bump {
  next: number;

  constructor(first: number) {
    this.next = first;
  }

  take(bytes: number): number {
    const address = Math.ceil(this.next / 16) * 16;
    this.next = address + bytes;
    return address;
  }
}

/**
 * The share of kept weights from which on a layer computes with all of them. Where the two paths take the same time was
 * measured (`espalier bench engine --versus dense-path`, README); a constant, since the paths add in different orders and every
 * host must get the same bits.
 */
export const DENSE_FROM = 0.9;

/** Where the store begins, and from which share of kept weights on a layer is dense. */
export interface StoreOptions {
  readonly base: number;
  readonly denseFrom: number;
}

/** Gives every persistent number an address from `base` on. A null mask keeps everything. */
export function planStore(model: LoweredModel, mask: Mask | null, { base, denseFrom }: StoreOptions): Store {
  const slots = planSlots(model, mask);
  const floats = slots.reduce((end, slot) => Math.max(end, slot.start + rounded(slot.count)), 0);
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

function rounded(count: number): number {
  return Math.ceil(count / 4) * 4;
}

function planSlots({ graph }: LoweredModel, mask: Mask | null): readonly Slot[] {
  let start = 0;
  return parameterSpecs(graph).map(({ name, size }) => {
    const count = mask?.layer(name)?.active.length ?? size;
    const slot = { name, size, count, start };
    start += rounded(count);
    return slot;
  });
}

function slotNamed(slots: readonly Slot[], name: string): Slot | null {
  return slots.find((slot) => slot.name === name) ?? null;
}

type LayerDraft = Pick<LayerStore, 'step' | 'kernel' | 'bias' | 'active' | 'dense' | 'phases'>;

function draftLayer(
  step: WeightedStep,
  slots: readonly Slot[],
  { mask, denseFrom }: { mask: Mask | null; denseFrom: number },
): LayerDraft {
  const kernel = slotNamed(slots, `${step.node}/kernel`)!;
  const bias = step.hasBias ? slotNamed(slots, `${step.node}/bias`) : null;
  const listed = mask?.layer(kernel.name);
  // Groups go by the lists too: a depthwise row has nine weights, which is what the sparse kernel is good at.
  const dense = step.groups === 1 && kernel.count >= denseFrom * kernel.size;
  const active = activeOf(kernel, listed, dense);
  return { step, kernel, bias, active, dense, phases: phasesOf(step) };
}

/** A list where some weights are missing, or where the lists are what is computed with. */
function activeOf({ size }: Slot, listed: LayerMask | undefined, dense: boolean): Uint32Array | null {
  if (listed && listed.active.length < size) return listed.active;
  return dense ? null : Uint32Array.from({ length: size }, (_, i) => i);
}

/** The stride phases of the input, in row order; on a small input the last ones may have no pixels. */
export function phasesOf({ kernel, strides, padTop, padLeft }: WeightedStep): readonly Phase[] {
  const phases: Phase[] = [];
  for (let a = 0; a < strides[0]; a++) {
    for (let b = 0; b < strides[1]; b++) {
      const taps: (readonly [number, number])[] = [];
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          if (phaseOfTap(ky, strides[0], padTop) === a && phaseOfTap(kx, strides[1], padLeft) === b)
            taps.push([ky, kx]);
        }
      }
      phases.push({ y: a, x: b, taps, kOff: 0, pack: 0 });
    }
  }
  return phases;
}

type OffsetDraft = LayerDraft & Pick<LayerStore, 'kOff' | 'off' | 'backOff'>;

function placeOffsets(draft: LayerDraft, bump: Bump): OffsetDraft {
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

function placeLayer(draft: OffsetDraft, bump: Bump): LayerStore {
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
      const gamma = slotNamed(slots, `${norm.name}/gamma`)!;
      const beta = slotNamed(slots, `${norm.name}/beta`)!;
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
