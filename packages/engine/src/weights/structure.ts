import { phaseOfTap, type Phase } from '../plan/phases.js';
import type { WeightedStep } from '../plan/steps.js';
import type { LayerStore } from '../plan/layer-store.js';
import { pitchOf, planeOf } from '../plan/tensor.js';
import type { LinearMemory } from '../wasm/linear-memory.js';
import { writeBlocks } from '../plan/blocks.js';
import { Buckets } from './buckets.js';

/**
 * Writes a layer's structure: for the sparse path the rows by output channel and their transpose, for a dense
 * layer with pruned weights the positions of the kept ones, for every layer the offsets per (tap, input
 * channel). Offsets are in positions; `scaleOffsets` turns them into bytes.
 */
export function writeStructure(memory: LinearMemory, layer: LayerStore, active: Uint32Array | null): void {
  writeTapOffsets(memory, layer);
  if (layer.dense) {
    for (const phase of layer.phases) if (phase.kOff) writeBackTapOffsets(memory, layer.step, phase);
    if (active) writeHoles(memory, layer, active);
  } else if (active) {
    writeRows(memory, layer, active);
    if (layer.backPtr) writeBackRows(memory, layer);
  }
}

/** Records which weights of a dense layer are kept; all others are 0 from here on. */
function writeHoles(memory: LinearMemory, { kernel, flat, full }: LayerStore, active: Uint32Array): void {
  memory.u32(flat, kernel.count).set(active);
  memory.f32(full, kernel.size).fill(0);
}

/** Flat index ⇄ coordinates of a kernel `[kh, kw, inChannels / groups, filters]`. */
interface KernelShape {
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
}

function shapeOf({ kernel, x, y, groups }: WeightedStep): KernelShape {
  return { width: kernel[1], channels: x.channels / groups, filters: y.channels };
}

/** Positions from an output's input origin to the pixel under a tap. */
function tapOffset({ x, padTop, padLeft }: WeightedStep, ky: number, kx: number, channel: number): number {
  return channel * planeOf(x) + (ky - padTop) * pitchOf(x) + kx - padLeft;
}

/** Positions from an input pixel's index within its phase to the output that a tap joins it with. */
function backOffset(
  { y, strides, padTop, padLeft }: WeightedStep,
  ky: number,
  kx: number,
  filter: number,
): number {
  const down = (phaseOfTap(ky, strides[0], padTop) + padTop - ky) / strides[0];
  const right = (phaseOfTap(kx, strides[1], padLeft) + padLeft - kx) / strides[1];
  return filter * planeOf(y) + down * pitchOf(y) + right;
}

function writeTapOffsets(memory: LinearMemory, { step, kernel, kOff }: LayerStore): void {
  const { width, channels, filters } = shapeOf(step);
  const offsets = memory.i32(kOff, kernel.size / filters);
  for (let k = 0; k < offsets.length; k++) {
    const tap = Math.floor(k / channels);
    offsets[k] = tapOffset(step, Math.floor(tap / width), tap % width, k % channels);
  }
}

function writeBackTapOffsets(memory: LinearMemory, step: WeightedStep, { kOff, taps }: Phase): void {
  const { filters } = shapeOf(step);
  const offsets = memory.i32(kOff, taps.length * filters);
  for (const [t, [ky, kx]] of taps.entries()) {
    for (let f = 0; f < filters; f++) offsets[t * filters + f] = backOffset(step, ky, kx, f);
  }
}

/** Counting sort by output channel; within one, by input channel and then by tap. */
function writeRows(
  memory: LinearMemory,
  { step, kernel, rowPtr, off, flat, blocks }: LayerStore,
  active: Uint32Array,
): void {
  const { width, channels, filters } = shapeOf(step);
  const perGroup = filters / step.groups;
  const bounds = memory.u32(rowPtr, filters + 1);
  const offsets = memory.i32(off, kernel.count);
  const order = memory.u32(flat, kernel.count);
  const rows = new Buckets(bounds);
  for (const index of active) rows.count(index % filters);
  rows.close();
  for (const index of byInputChannel(active, { channels, filters })) {
    const f = index % filters;
    const k = Math.floor(index / filters);
    const tap = Math.floor(k / channels);
    const channel = Math.floor(f / perGroup) * channels + (k % channels);
    const slot = rows.place(f);
    order[slot] = index;
    offsets[slot] = tapOffset(step, Math.floor(tap / width), tap % width, channel);
  }
  scaleBounds(bounds);
  writeBlocks(memory, blocks, bounds, (slot) => Math.floor((order[slot] ?? 0) / filters) % channels);
}

/** Counting sort by input channel; within one, by flat index. */
function byInputChannel(
  active: Uint32Array,
  { channels, filters }: Pick<KernelShape, 'channels' | 'filters'>,
): Uint32Array {
  const byChannel = new Buckets(new Uint32Array(channels + 1));
  for (const index of active) byChannel.count(Math.floor(index / filters) % channels);
  byChannel.close();
  const sorted = new Uint32Array(active.length);
  for (const index of active) sorted[byChannel.place(Math.floor(index / filters) % channels)] = index;
  return sorted;
}

/** From places in a list to bytes. */
function scaleBounds(bounds: Uint32Array): void {
  for (const [row, place] of bounds.entries()) bounds[row] = 4 * place;
}

/** The transpose: counting sort of the kept weights by (phase, input channel). */
function writeBackRows(memory: LinearMemory, layer: LayerStore): void {
  const { step, kernel, phases } = layer;
  const { width, channels, filters } = shapeOf(step);
  const bounds = memory.u32(layer.backPtr, phases.length * step.x.channels + 1);
  const offsets = memory.i32(layer.backOff, kernel.count);
  const from = memory.u32(layer.backFrom, kernel.count);
  const order = memory.u32(layer.flat, kernel.count);
  const phaseOf = phaseTable(layer);
  const rowOf = (index: number): number => {
    const k = Math.floor(index / filters);
    const group = Math.floor((index % filters) / (filters / step.groups));
    return (phaseOf[Math.floor(k / channels)] ?? 0) * step.x.channels + group * channels + (k % channels);
  };
  const rows = new Buckets(bounds);
  for (const index of order) rows.count(rowOf(index));
  rows.close();
  for (const [slot, index] of order.entries()) {
    const tap = Math.floor(index / filters / channels);
    const at = rows.place(rowOf(index));
    from[at] = 4 * slot;
    offsets[at] = backOffset(step, Math.floor(tap / width), tap % width, index % filters);
  }
  scaleBounds(bounds);
  writeBlocks(memory, layer.backBlocks, bounds, (at) => (order[(from[at] ?? 0) / 4] ?? 0) % filters);
}

/** The phase each tap belongs to. */
function phaseTable({ step, phases }: LayerStore): Uint32Array {
  const table = new Uint32Array(step.kernel[0] * step.kernel[1]);
  for (const [i, { taps }] of phases.entries()) {
    for (const [ky, kx] of taps) table[ky * step.kernel[1] + kx] = i;
  }
  return table;
}
