import {
  found,
  type Batch,
  type Mask,
  type ModelGraph,
  type ModelState,
  type MomentTree,
} from '@espalier/core';
import { lowerGraph } from './plan/lower.js';
import type { LoweredModel } from './plan/steps.js';
import { draftRefresh, writeProgram, type Program } from './plan/program.js';
import { recordBytes, writeRecords, type Draft } from './plan/draft.js';
import { lanesOf } from './plan/emission.js';
import { slotNamed, type Slot } from './plan/slots.js';
import { DENSE_FROM, planStore, type NormStore, type Store } from './plan/store.js';
import { createRunner, type Runner, type ThreadOptions } from './wasm/runner.js';
import { PAGE, type LinearMemory } from './wasm/linear-memory.js';
import { writeStructure } from './weights/structure.js';
import {
  draftBegin,
  draftUpdate,
  layoutWorkspace,
  type OptimizerArrays,
  type Runnable,
  type Workspace,
  type WorkspaceRequest,
} from './workspace.js';

/** Model and mask that a trainer loads. */
export interface NetworkSource {
  readonly graph: ModelGraph;
  readonly state: ModelState;
  readonly mask: Mask | null;
}

/**
 * Environment of a network: its threads, and the share of kept weights from which its layers are computed as
 * dense.
 */
export interface NetworkHost {
  readonly threads: ThreadOptions | null;
  readonly denseFrom?: number;
}

interface NetworkParts {
  readonly graph: ModelGraph;
  readonly model: LoweredModel;
  readonly mask: Mask | null;
  readonly store: Store;
}

/** A network in the engine's memory: its weights, its structure and the programs of the running call. */
export class Network {
  readonly graph: ModelGraph;
  readonly model: LoweredModel;
  readonly store: Store;
  readonly memory: LinearMemory;
  readonly #runner: Runner;
  /** Lanes the byte offsets are scaled to, ×4 bytes; 1 means plain positions. */
  #scale = 1;
  readonly #refresh: Draft;
  #mask: Mask | null;

  private constructor(runner: Runner, { graph, model, mask, store }: NetworkParts) {
    this.graph = graph;
    this.model = model;
    this.#mask = mask;
    this.store = store;
    this.memory = runner.memory;
    this.#runner = runner;
    this.#refresh = draftRefresh(store);
  }

  /** Plans and fills the memory of a network whose state and mask fit it. */
  static async create(
    { graph, state, mask }: NetworkSource,
    { threads, denseFrom = DENSE_FROM }: NetworkHost,
  ): Promise<Network> {
    const model = lowerGraph(graph);
    const runner = await createRunner(threads);
    const store = planStore(model, mask, { base: runner.base, denseFrom });
    const network = new Network(runner, { graph, model, mask, store });
    runner.memory.ensure(network.plannedBytes({ programs: [], optimizer: 'none', proximal: false }));
    for (const layer of store.layers.values()) writeStructure(runner.memory, layer, layer.active);
    network.writeState(state);
    return network;
  }

  /** The loaded mask; null for a dense network. */
  get mask(): Mask | null {
    return this.#mask;
  }

  /**
   * Adopts another state and mask of the same network if every layer keeps its number of weights, as after an
   * adjustment: only layers whose active weights changed are rebuilt. Returns false, having done nothing, if
   * the plan does not fit.
   */
  adopt({ graph, state, mask }: NetworkSource): boolean {
    if (!sameGraph(graph, this.graph) || (mask === null) !== (this.#mask === null)) return false;
    const layers = [...this.store.layers.values()];
    const counts = layers.map(({ kernel }) => mask?.layer(kernel.name)?.active.length ?? kernel.size);
    if (layers.some(({ kernel }, i) => kernel.count !== counts[i])) return false;
    const changed = layers.filter(({ kernel }) => {
      const [before, after] = [this.#mask?.layer(kernel.name)?.active, mask?.layer(kernel.name)?.active];
      return before !== undefined && after !== undefined && !sameIndices(before, after);
    });
    if (changed.length > 0) this.#scaleTo(1);
    for (const layer of changed)
      writeStructure(this.memory, layer, mask?.layer(layer.kernel.name)?.active ?? null);
    this.#mask = mask;
    this.writeState(state);
    return true;
  }

  /** Lets the threads go. */
  close(): Promise<void> {
    return this.#runner.close();
  }

  /** Bytes a workspace takes in all, the store included, in whole pages. */
  plannedBytes(request: WorkspaceRequest): number {
    return Math.ceil(layoutWorkspace(this.store, this.#refresh, request).end / PAGE) * PAGE;
  }

  /** Puts a call's programs and optimiser state in memory. */
  open(request: WorkspaceRequest): Workspace {
    const layout = layoutWorkspace(this.store, this.#refresh, request);
    this.memory.ensure(layout.end);
    const programs = layout.programs.map(({ draft, records }) =>
      writeProgram(this.memory, draft, records, layout.arena),
    );
    const begin = draftBegin(this.store);
    const update = draftUpdate(this.store, this.#refresh, request, layout.optimizer);
    writeRecords(begin, this.memory, layout.begin, 0);
    writeRecords(update, this.memory, layout.update, 0);
    return {
      optimizer: layout.optimizer,
      programs,
      begin: { first: layout.begin, count: begin.ops.length },
      update: { first: layout.update, count: update.ops.length },
    };
  }

  /** Clears the optimiser's arrays and keeps the present values as the proximal term's origin. */
  startOptimizer({ first, second, origin }: OptimizerArrays): void {
    const { floats, values } = this.store;
    if (first) this.memory.f32(first, floats).fill(0);
    if (second) this.memory.f32(second, floats).fill(0);
    if (origin) this.memory.f32(origin, floats).set(this.memory.f32(values, floats));
  }

  run({ first, count }: Runnable): void {
    this.#runner.execute(first, count);
  }

  /** Puts a batch where the program reads it, and scales the offsets to its lanes. */
  feed(program: Program, batch: Batch): void {
    this.#scaleTo(4 * lanesOf(program.spec.lanes));
    this.memory.f32(program.staging, batch.images.length).set(batch.images);
    this.memory.u32(program.labels, batch.size).set(batch.labels);
  }

  /** Turns the offsets from positions, or from another batch's bytes, into bytes of this many a position. */
  #scaleTo(posBytes: number): void {
    if (posBytes === this.#scale) return;
    this.#runner.scaleOffsets(this.store.offsets, this.store.offsetCount, this.#scale, posBytes);
    this.#scale = posBytes;
  }

  /** Logits `[size, classes]` of the program just run. */
  logits({ logits, spec }: Program): Float32Array {
    const classes = this.model.output.channels;
    const padded = lanesOf(spec.lanes);
    const raw = this.memory.f32(logits, classes * padded);
    return Float32Array.from(
      { length: spec.lanes * classes },
      (_, i) => raw[(i % classes) * padded + Math.floor(i / classes)] ?? 0,
    );
  }

  /** Sum of losses and correct predictions since the last `begin`. */
  result(): { lossSum: number; correct: number } {
    const [lossSum = 0, correct = 0] = this.memory.f64(this.store.result, 2);
    return { lossSum, correct };
  }

  /** Mean and variance of the batch just seen, for one norm. The views are good until the next call. */
  batchMoments({ norm, channels }: NormStore): { mean: Float64Array; variance: Float64Array } {
    return {
      mean: this.memory.f64(norm, channels),
      variance: this.memory.f64(norm + 8 * channels, channels),
    };
  }

  /** Takes parameters and running statistics over, and brings all copies up to date. */
  writeState(state: ModelState): void {
    const { store, memory } = this;
    for (const slot of store.slots) {
      const values = found(state.params.get(slot.name), slot.name);
      const target = memory.f32(store.values + 4 * slot.start, slot.count);
      const flat = this.#flatOf(slot);
      if (flat) for (const [i, index] of flat.entries()) target[i] = values[index] ?? 0;
      else target.set(values);
    }
    this.writeMoments(state.moments);
    this.refresh();
  }

  /** All kept parameters, as stored in memory; the view is valid until the next call. */
  values(): Float32Array {
    return this.memory.f32(this.store.values, this.store.floats);
  }

  /** Gradients of the kept weights, aligned with {@link values}; valid until the next call. */
  gradients(): Float32Array {
    return this.memory.f32(this.store.grads, this.store.floats);
  }

  /** Positions of a parameter's kept values among {@link values}, by ascending flat index. */
  placesOf(parameter: string): Uint32Array {
    const slot = slotNamed(this.store.slots, parameter);
    const places = Uint32Array.from({ length: slot.count }, (_, i) => slot.start + i);
    const flat = this.#flatOf(slot);
    if (!flat) return places;
    const indexAt = (place: number): number => flat[place - slot.start] ?? 0;
    return places.sort((a, b) => indexAt(a) - indexAt(b));
  }

  /** Takes running statistics over. */
  writeMoments(tree: MomentTree): void {
    for (const { node, channels, running } of this.store.norms.values()) {
      const moments = found(tree.get(node), node);
      this.memory.f32(running, channels).set(moments.mean);
      this.memory.f32(running + 4 * channels, channels).set(moments.variance);
    }
  }

  /** The parameters as trees, inactive weights 0, with the given moments. */
  readState(moments: ModelState['moments']): ModelState {
    return { params: this.#readTree(this.store.values), moments };
  }

  /** Gradients of everything that is kept; kernels of sparse layers are 0 at inactive weights. */
  readGradients(): Map<string, Float32Array> {
    return this.#readTree(this.store.grads);
  }

  /** Brings transposed and packed copies of the weights up to date. */
  refresh(): void {
    const address = Math.ceil(this.store.end / 16) * 16;
    this.memory.ensure(address + recordBytes(this.#refresh));
    writeRecords(this.#refresh, this.memory, address, 0);
    this.run({ first: address, count: this.#refresh.ops.length });
  }

  #readTree(base: number): Map<string, Float32Array> {
    return new Map(
      this.store.slots.map((slot) => {
        const source = this.memory.f32(base + 4 * slot.start, slot.count);
        const flat = this.#flatOf(slot);
        if (!flat) return [slot.name, source.slice()];
        const values = new Float32Array(slot.size);
        for (const [i, index] of flat.entries()) values[index] = source[i] ?? 0;
        return [slot.name, values];
      }),
    );
  }

  /** Flat index of every kept value; null where all are kept in their own order. */
  #flatOf(slot: Slot): Uint32Array | null {
    for (const { kernel, flat, active } of this.store.layers.values()) {
      if (kernel === slot && active) return this.memory.u32(flat, slot.count);
    }
    return null;
  }
}

function sameGraph(a: ModelGraph, b: ModelGraph): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function sameIndices(a: Uint32Array, b: Uint32Array): boolean {
  return a === b || (a.length === b.length && a.every((index, i) => index === b[i]));
}
