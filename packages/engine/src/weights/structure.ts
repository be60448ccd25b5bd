import { phaseOfTap, type WeightedStep } from '../plan/lower.js';
import type { LayerStore, Phase } from '../plan/store.js';
import { pitchOf, planeOf } from '../plan/tensor.js';
import type { LinearMemory } from '../wasm/linear-memory.js';
import { writeBlocks } from './blocks.js';

/**
 * Writes a layer's structure: for the sparse path the rows by output channel and their transpose, for a dense layer with
 * holes where its weights are, for every layer the offsets per (tap, input channel). Offsets are in positions; `scaleOffsets` turns them into bytes.
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

/** Which weights of a dense layer are kept; all others are 0 from here on. */
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
  const bounds = memory.u32(rowPtr, filters + 1).fill(0);
  const offsets = memory.i32(off, kernel.count);
  const order = memory.u32(flat, kernel.count);
  for (const index of active) bounds[(index % filters) + 1]!++;
  for (let f = 0; f < filters; f++) bounds[f + 1]! += bounds[f]!;
  const next = bounds.slice();
  for (const index of byInputChannel(active, { channels, filters })) {
    const f = index % filters;
    const k = Math.floor(index / filters);
    const tap = Math.floor(k / channels);
    const channel = Math.floor(f / perGroup) * channels + (k % channels);
    const slot = next[f]!++;
    order[slot] = index;
    offsets[slot] = tapOffset(step, Math.floor(tap / width), tap % width, channel);
  }
  for (let f = 0; f <= filters; f++) bounds[f]! *= 4;
  writeBlocks(memory, blocks, bounds, (slot) => Math.floor(order[slot]! / filters) % channels);
}

/** Counting sort by input channel; within one, by flat index. */
function byInputChannel(
  active: Uint32Array,
  { channels, filters }: Pick<KernelShape, 'channels' | 'filters'>,
): Uint32Array {
  const next = new Uint32Array(channels + 1);
  for (const index of active) next[(Math.floor(index / filters) % channels) + 1]!++;
  for (let c = 0; c < channels; c++) next[c + 1]! += next[c]!;
  const sorted = new Uint32Array(active.length);
  for (const index of active) sorted[next[Math.floor(index / filters) % channels]!++] = index;
  return sorted;
}

/** The transpose: counting sort of the kept weights by (phase, input channel). */
function writeBackRows(memory: LinearMemory, layer: LayerStore): void {
  const { step, kernel, phases } = layer;
  const { width, channels, filters } = shapeOf(step);
  const rows = phases.length * step.x.channels;
  const bounds = memory.u32(layer.backPtr, rows + 1).fill(0);
  const offsets = memory.i32(layer.backOff, kernel.count);
  const from = memory.u32(layer.backFrom, kernel.count);
  const order = memory.u32(layer.flat, kernel.count);
  const phaseOf = phaseTable(layer);
  const rowOf = (index: number): number => {
    const k = Math.floor(index / filters);
    const group = Math.floor((index % filters) / (filters / step.groups));
    return phaseOf[Math.floor(k / channels)]! * step.x.channels + group * channels + (k % channels);
  };
  for (const index of order) bounds[rowOf(index) + 1]!++;
  for (let r = 0; r < rows; r++) bounds[r + 1]! += bounds[r]!;
  const next = bounds.slice();
  for (let slot = 0; slot < order.length; slot++) {
    const index = order[slot]!;
    const tap = Math.floor(index / filters / channels);
    const at = next[rowOf(index)]!++;
    from[at] = 4 * slot;
    offsets[at] = backOffset(step, Math.floor(tap / width), tap % width, index % filters);
  }
  for (let r = 0; r <= rows; r++) bounds[r]! *= 4;
  writeBlocks(memory, layer.backBlocks, bounds, (at) => order[from[at]! / 4]! % filters);
}

/** The phase each tap belongs to. */
function phaseTable({ step, phases }: LayerStore): Uint32Array {
  const table = new Uint32Array(step.kernel[0] * step.kernel[1]);
  for (const [i, { taps }] of phases.entries()) {
    for (const [ky, kx] of taps) table[ky * step.kernel[1] + kx] = i;
  }
  return table;
}
