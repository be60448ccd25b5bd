import { RECORD_BYTES } from '../gen/ops.js';
import type { LinearMemory } from '../wasm/linear-memory.js';
import { placeBuffers } from './arena.js';
import { NO_VIEW, type DraftBuffer } from '../ops/arguments.js';
import { Draft, recordBytes, writeRecords } from './draft.js';
import { canRecompute, emitBackward } from './emit-backward.js';
import { Emission, startOf, type ProgramSpec } from './emission.js';
import { emitForward } from './emit.js';
import type { LoweredModel } from './steps.js';
import type { LayerStore } from './layer-store.js';
import type { Store } from './store.js';

/** A run of records with an address of its own. */
export interface Segment {
  readonly first: number;
  readonly count: number;
  /** Gradient that the caller may read once the segment has run: a kernel's name and its whole gradient. */
  readonly gradient: { readonly kernel: string; readonly address: number; readonly count: number } | null;
}

/** A program in memory. */
export interface Program {
  readonly spec: ProgramSpec;
  readonly segments: readonly Segment[];
  /** Addresses for the batch: images `[lanes, h, w, c]` f32, labels u32. */
  readonly staging: number;
  readonly labels: number;
  /** Logits, `[classes][lanes rounded up]`. */
  readonly logits: number;
}

/** A program whose addresses are not known yet. */
export interface ProgramDraft {
  readonly spec: ProgramSpec;
  readonly draft: Draft;
  readonly staging: DraftBuffer;
  readonly labels: DraftBuffer;
  readonly logits: DraftBuffer;
  /** Bytes of its buffers. */
  readonly arenaBytes: number;
}

/** Writes a program for one batch size, and packs its buffers. */
export function draftProgram(model: LoweredModel, store: Store, spec: ProgramSpec): ProgramDraft {
  const emission = new Emission(model, store, spec);
  const { draft, posBytes } = emission;
  const { lanes } = spec;
  const { input, output } = model;
  const staging = draft.buffer(4 * lanes * input.channels * input.height * input.width);
  const labels = draft.buffer(4 * lanes);
  draft.touch(labels);
  emitForward(emission, staging);
  const logits = emission.value(output);
  const gradient = spec.kind === 'learn' ? emission.scratch(output) : null;
  draft.op('loss', {
    logits: emission.view(logits, output),
    dlogits: gradient ? emission.view(gradient, output) : NO_VIEW,
    labels: startOf(labels),
    result: store.result,
    classes: output.channels,
    lanes,
    posBytes,
    scale: 1 / spec.lossSamples,
  });
  if (gradient) {
    forgetRecomputed(emission);
    emitBackward(emission, gradient);
  } else {
    draft.touch(logits);
  }
  return { spec, draft, staging, labels, logits, arenaBytes: placeBuffers(draft.buffers) };
}

function forgetRecomputed(emission: Emission): void {
  if (!emission.spec.recompute) return;
  for (const step of emission.model.steps) {
    if (step.kind === 'join' && canRecompute(step, emission.model.output)) emission.release(step.z);
  }
}

/** Bytes of a program's records. */
export function programRecordBytes({ draft }: ProgramDraft): number {
  return recordBytes(draft);
}

/** Writes the records at `address`; buffers start at `arena`. */
export function writeProgram(
  memory: LinearMemory,
  program: ProgramDraft,
  address: number,
  arena: number,
): Program {
  const { draft, spec } = program;
  writeRecords(draft, memory, address, arena);
  const segments: Segment[] = [];
  let start = 0;
  for (const { end, label, buffer } of draft.pauses) {
    const gradient = { kernel: label, address: arena + buffer.offset, count: buffer.bytes / 4 };
    segments.push({ first: address + start * RECORD_BYTES, count: end - start, gradient });
    start = end;
  }
  segments.push({ first: address + start * RECORD_BYTES, count: draft.ops.length - start, gradient: null });
  const place = (buffer: DraftBuffer): number => arena + buffer.offset;
  return {
    spec,
    segments,
    staging: place(program.staging),
    labels: place(program.labels),
    logits: place(program.logits),
  };
}

/** Ops that bring transposed and packed copies of the weights up to date. */
export function draftRefresh(store: Store): Draft {
  const draft = new Draft();
  for (const layer of store.layers.values()) refreshLayer(draft, layer, store);
  return draft;
}

function refreshLayer(draft: Draft, layer: LayerStore, store: Store): void {
  const { kernel, dense, full } = layer;
  const values = store.values + 4 * kernel.start;
  const { count } = kernel;
  if (!dense) {
    if (layer.backVal) draft.op('gather', { dst: layer.backVal, src: values, index: layer.backFrom, count });
    return;
  }
  if (full) draft.op('scatter', { dst: full, src: values, index: layer.flat, count });
  packLayer(draft, layer, full || values);
}

/** The packed weights of the dense path, and their transpose per stride phase. */
function packLayer(draft: Draft, layer: LayerStore, src: number): void {
  const { kernel, step, phases } = layer;
  const filters = step.y.channels;
  const channels = step.x.channels;
  const kCount = kernel.size / filters;
  draft.op('packDense', {
    dst: layer.pack,
    src,
    kCount,
    kTotal: kCount,
    rows: filters,
    kStride: 4 * filters,
    rowStride: 4,
  });
  for (const { taps, pack: dst } of phases) {
    if (!dst) continue;
    for (const [t, [ky, kx]] of taps.entries()) {
      draft.op('packDense', {
        dst: dst + 16 * t * filters,
        src: src + 4 * (ky * step.kernel[1] + kx) * channels * filters,
        kCount: filters,
        kTotal: taps.length * filters,
        rows: channels,
        kStride: 4,
        rowStride: 4 * filters,
      });
    }
  }
}
