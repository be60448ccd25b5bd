import { found } from '@espalier/core';
import type { Blocks } from './blocks.js';
import type { Argument, At, DraftBuffer, Extents, Tiling, View } from '../ops/arguments.js';
import { Draft } from './draft.js';
import type { JoinTerm, LoweredModel, WeightedStep } from './steps.js';
import type { LayerStore } from './layer-store.js';
import type { Slot } from './slots.js';
import type { NormStore, Store } from './store.js';
import { leadOf, pitchOf, planeOf, positionsOf, type Tensor } from './tensor.js';

/** Purpose and size of a program. */
export interface ProgramSpec {
  /**
   * `infer`: forward with running statistics. `observe`: forward with the batch's own. `learn`: the same, then
   * backward, adding to the gradients.
   */
  readonly kind: 'infer' | 'observe' | 'learn';
  /** Samples; each position has as many lanes, rounded up to whole vectors of four. */
  readonly lanes: number;
  /** Samples over which the loss is averaged: those of the whole batch if this is a part of it. */
  readonly lossSamples: number;
  /** Kernels whose gradient for every weight, active or not, is requested; the program pauses at each. */
  readonly denseGradients: ReadonlySet<string>;
  /** True when outputs of a norm are computed again in the backward pass instead of being kept. */
  readonly recompute: boolean;
}

/** Half of a second-level cache: the most that one stripe of a convolution's input may take. */
const CONV_STRIPE_BYTES = 1 << 19;

/**
 * A weight gradient sums over a stripe before it adds to the result, so a few large stripes are better than
 * many small ones.
 */
const GRADIENT_STRIPE_BYTES = 1 << 22;

/**
 * A quarter of a second-level cache: the most that a block of channels may read for the outputs computed at a
 * time.
 */
const BLOCK_BYTES = 1 << 18;

/** Everything the emitters share: the draft, the addresses, and which buffer holds which tensor now. */
export class Emission {
  readonly draft = new Draft();
  readonly model: LoweredModel;
  readonly store: Store;
  readonly spec: ProgramSpec;
  /** Bytes of a position. */
  readonly posBytes: number;
  readonly #values = new Map<number, DraftBuffer>();
  readonly #clean = new Set<DraftBuffer>();

  constructor(model: LoweredModel, store: Store, spec: ProgramSpec) {
    this.model = model;
    this.store = store;
    this.spec = spec;
    this.posBytes = lanesOf(spec.lanes) * 4;
  }

  /** The buffer that holds a tensor's value, created if there is none. */
  value(tensor: Tensor): DraftBuffer {
    return this.#values.get(tensor.id) ?? this.fresh(tensor);
  }

  hasValue(tensor: Tensor): boolean {
    return this.#values.has(tensor.id);
  }

  /** Forgets a value that backward will compute again. */
  release(tensor: Tensor): void {
    this.#values.delete(tensor.id);
  }

  fresh(tensor: Tensor): DraftBuffer {
    const buffer = this.scratch(tensor);
    this.#values.set(tensor.id, buffer);
    return buffer;
  }

  /** A buffer of the tensor's layout that does not hold its value. */
  scratch(tensor: Tensor): DraftBuffer {
    return this.draft.buffer(positionsOf(tensor) * this.posBytes);
  }

  /** The tensor in a buffer, from its first pixel on or `position` positions after it. */
  view(buffer: DraftBuffer, tensor: Tensor, position = 0): View {
    const { gapY, gapX } = tensor;
    return {
      at: { buffer, bytes: (leadOf(tensor) + position) * this.posBytes },
      row: this.#row(tensor),
      col: this.posBytes,
      plane: planeOf(tensor) * this.posBytes,
      gapY,
      gapX,
    };
  }

  /** Extents of an op over all pixels of a tensor. */
  extents({ channels, height, width }: Tensor): Extents {
    return { channels, height, width, posBytes: this.posBytes };
  }

  /** Zeroes the border once in a buffer's life. */
  cleanGaps(buffer: DraftBuffer, tensor: Tensor): void {
    if ((tensor.gapY === 0 && tensor.gapX === 0) || this.#clean.has(buffer)) return;
    this.#clean.add(buffer);
    const base = { ...this.view(buffer, tensor), at: startOf(buffer) };
    this.draft.op('zeroGaps', { base, size: this.extents(tensor) });
  }

  /** Says that an op has zeroed the border on its way. */
  markClean(buffer: DraftBuffer): void {
    this.#clean.add(buffer);
  }

  /** @throws EspalierError `internal` for a step of another model. */
  layer({ node }: WeightedStep): LayerStore {
    return found(this.store.layers.get(node), node);
  }

  norm(term: JoinTerm | undefined): NormStore | null {
    return term?.norm ? found(this.store.norms.get(term.norm.name), term.norm.name) : null;
  }

  valueAt(slot: Slot): number {
    return this.store.values + 4 * slot.start;
  }

  gradAt(slot: Slot): number {
    return this.store.grads + 4 * slot.start;
  }

  /**
   * Order in which a convolution computes its output: by stripes of rows, or pieces of one row, small enough
   * that the input of a block of channels stays in the second-level cache.
   */
  convTiling(
    { kernel, strides }: Pick<WeightedStep, 'kernel' | 'strides'>,
    { reads, rowPtr, rows, blocks }: { reads: Tensor; rowPtr: number; rows: number; blocks: Blocks },
  ): Tiling {
    const { at, channels, count } = blocks;
    if (count === 1) {
      const stripe = this.#stripe(reads, strides[0] + (kernel[0] - 1) / 4, CONV_STRIPE_BYTES);
      return { stripe, chunk: 0, blockPtr: rowPtr, blockStep: 4, blocks: 1 };
    }
    const fitting = BLOCK_BYTES / channels;
    const stripe = Math.max(1, Math.floor(fitting / this.#row(reads)) - (kernel[0] - 1));
    const positions = Math.max(1, Math.floor(fitting / (kernel[0] * this.posBytes)) - (kernel[1] - 1));
    return { stripe, chunk: positions * this.posBytes, blockPtr: at, blockStep: 4 * rows, blocks: count };
  }

  /** Output rows that a sparse weight gradient takes at a time, likewise. */
  gradientStripe(source: Tensor, rows: number): number {
    return this.#stripe(source, rows, GRADIENT_STRIPE_BYTES);
  }

  #row(tensor: Tensor): number {
    return pitchOf(tensor) * this.posBytes;
  }

  #stripe(source: Tensor, rows: number, most: number): number {
    const bytes = source.channels * this.#row(source) * rows;
    return Math.max(1, Math.floor(most / bytes));
  }
}

/** Lanes of a position: whole vectors of four. */
export function lanesOf(samples: number): number {
  return Math.ceil(samples / 4) * 4;
}

/** The first byte of a buffer. */
export function startOf(buffer: DraftBuffer): At {
  return { buffer, bytes: 0 };
}

/** A view of every `strides`-th pixel. */
export function strided(view: View, [down, right]: readonly [number, number]): View {
  return { ...view, row: down * view.row, col: right * view.col };
}

/** The same view some channels further on. */
export function fromChannel(view: View, channel: number): View {
  return { ...view, at: later(view.at, channel * view.plane) };
}

/** The address `bytes` bytes further on. */
export function later(at: Argument, bytes: number): Argument {
  return typeof at === 'number' ? at + bytes : { buffer: at.buffer, bytes: at.bytes + bytes };
}
