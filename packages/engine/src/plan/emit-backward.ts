import type { DraftBuffer } from './draft.js';
import {
  emitCopy,
  emitFlatten,
  emitJoin,
  NO_PIPELINE,
  pipelineOf,
  poolGeometry,
  type Emission,
} from './emit.js';
import type { ConcatStep, FlattenStep, JoinStep, JoinTerm, PoolStep, Step, WeightedStep } from './lower.js';
import type { LayerStore } from './store.js';
import { pitchOf, planeOf, type Tensor } from './tensor.js';

/** Emits the backward pass: gradients of every parameter are added to the store's. */
export function emitBackward(emission: Emission, outputGradient: DraftBuffer): void {
  new Backward(emission, outputGradient).emit();
}

/** Whether a join's output can be had again from a layer's output that is kept anyway. */
export function canRecompute({ terms, z }: JoinStep, output: Tensor): boolean {
  return terms.length === 1 && terms[0]?.norm !== null && terms[0]?.inPlace === true && z !== output;
}

class Backward {
  readonly #emission: Emission;
  /** The buffer of each tensor's gradient, once something has been added to it. */
  readonly #gradients = new Map<number, DraftBuffer>();
  readonly #joins = new Map<number, JoinStep>();

  constructor(emission: Emission, outputGradient: DraftBuffer) {
    this.#emission = emission;
    this.#gradients.set(emission.model.output.id, outputGradient);
    for (const step of emission.model.steps) if (step.kind === 'join') this.#joins.set(step.z.id, step);
  }

  emit(): void {
    for (const step of this.#emission.model.steps.toReversed()) this.#step(step);
  }

  #step(step: Step): void {
    const z = step.kind === 'weighted' ? step.y : step.z;
    const dz = this.#gradients.get(z.id);
    if (!dz || !z.trainable) return;
    // Nobody asks for it again, so a source may have the buffer for its own.
    this.#gradients.delete(z.id);
    this.#handOn(step, dz);
  }

  /** Adds what a step's output gradient means for its parameters and sources. */
  #handOn(step: Step, dz: DraftBuffer): void {
    switch (step.kind) {
      case 'weighted':
        this.#weighted(step, dz);
        return;
      case 'join':
        this.#join(step, dz);
        return;
      case 'pool':
        this.#pool(step, dz);
        return;
      case 'flatten':
        this.#flatten(step, dz);
        return;
      case 'concat':
        this.#concat(step, dz);
    }
  }

  /** The buffer to add a tensor's gradient to, and whether it holds something already. */
  #target(tensor: Tensor): { buffer: DraftBuffer; accumulate: 0 | 1 } {
    const existing = this.#gradients.get(tensor.id);
    if (existing) return { buffer: existing, accumulate: 1 };
    const buffer = this.#emission.scratch(tensor);
    this.#gradients.set(tensor.id, buffer);
    return { buffer, accumulate: 0 };
  }

  /** The value of a tensor, computed again where the forward pass did not keep it. */
  #value(tensor: Tensor): DraftBuffer {
    const join = this.#joins.get(tensor.id);
    if (!this.#emission.hasValue(tensor) && join) emitJoin(this.#emission, join);
    return this.#emission.value(tensor);
  }

  #weighted(step: WeightedStep, dy: DraftBuffer): void {
    const emission = this.#emission;
    const { x, y, strides } = step;
    const layer = emission.layer(step);
    const source = this.#value(x);
    emission.cleanGaps(source, x);
    const geometry = {
      ...{ x: emission.origin(source, x), dy: emission.origin(dy, y) },
      ...{ height: y.height, width: y.width, posBytes: emission.posBytes },
      ...{ xRow: strides[0] * emission.row(x), xCol: strides[1] * emission.posBytes },
      ...{ dyRow: emission.row(y), dyCol: emission.posBytes, dyPlane: emission.plane(y) },
      stripe: emission.gradientStripe(x, strides[0] + (step.kernel[0] - 1) / 4),
    };
    this.#kernelGradient(layer, geometry, source);
    if (layer.bias) this.#biasGradient(layer, dy, emission.gradAt(layer.bias));
    if (x.trainable) this.#inputGradient(layer, dy);
  }

  #kernelGradient(layer: LayerStore, geometry: GradientGeometry, source: DraftBuffer): void {
    const emission = this.#emission;
    const { kernel, step, dense, full } = layer;
    const wantsAll = emission.spec.denseGradients.has(kernel.name);
    const grad = emission.gradAt(kernel);
    if (!dense) {
      const { rowPtr, off } = layer;
      const pipeline = pipelineOf(emission, step, source);
      const rows = step.y.channels;
      emission.draft.op('sparseWeightGrad', { ...geometry, rowPtr, off, grad, rows, ...pipeline });
    } else if (!full) this.#denseGradient(layer, geometry, grad);
    if (!wantsAll && !full) return;
    const whole = this.#wholeGradient(layer, geometry);
    if (full) {
      const { flat: index } = layer;
      emission.draft.op('gatherAdd', {
        dst: grad,
        src: { buffer: whole, bytes: 0 },
        index,
        count: kernel.count,
      });
    }
    if (wantsAll) emission.draft.pause(kernel.name, whole);
  }

  #biasGradient({ step: { y } }: LayerStore, dy: DraftBuffer, grad: number): void {
    const { channels, height, width } = y;
    const emission = this.#emission;
    emission.draft.op('biasGrad', {
      ...{ dy: emission.origin(dy, y), grad, channels, height, width, posBytes: emission.posBytes },
      ...{ row: emission.row(y), plane: emission.plane(y) },
    });
  }

  #denseGradient(layer: LayerStore, geometry: GradientGeometry, grad: number | DraftBuffer): void {
    const { step, kernel, kOff } = layer;
    const { x, y, groups } = step;
    const rows = y.channels / groups;
    const kCount = kernel.size / y.channels;
    const stripe = Math.max(1, Math.floor(1024 / (geometry.width * (geometry.posBytes / 4))));
    for (let g = 0; g < groups; g++) {
      const bytes = 4 * g * rows;
      this.#emission.draft.op('denseWeightGrad', {
        ...geometry,
        x: { ...geometry.x, bytes: geometry.x.bytes + g * (x.channels / groups) * this.#emission.plane(x) },
        dy: { ...geometry.dy, bytes: geometry.dy.bytes + g * rows * geometry.dyPlane },
        grad: typeof grad === 'number' ? grad + bytes : { buffer: grad, bytes },
        ...{ kOff, kCount, gradStride: 4 * y.channels, rows, stripe },
      });
    }
  }

  /** The whole kernel's gradient in a buffer of its own. */
  #wholeGradient(layer: LayerStore, geometry: GradientGeometry): DraftBuffer {
    const { draft } = this.#emission;
    const buffer = draft.buffer(4 * layer.kernel.size);
    draft.op('fill', { ptr: { buffer, bytes: 0 }, bytes: buffer.bytes });
    this.#denseGradient(layer, geometry, buffer);
    return buffer;
  }

  #inputGradient(layer: LayerStore, dy: DraftBuffer): void {
    const emission = this.#emission;
    const { x, y, strides } = layer.step;
    emission.cleanGaps(dy, y);
    const { buffer, accumulate } = this.#target(x);
    for (const [i, phase] of layer.phases.entries()) {
      const height = Math.ceil((x.height - phase.y) / strides[0]);
      const width = Math.ceil((x.width - phase.x) / strides[1]);
      if (height <= 0 || width <= 0) continue;
      const common = {
        x: emission.origin(dy, y),
        y: emission.origin(buffer, x, phase.y * pitchOf(x) + phase.x),
        ...{ rows: x.channels, height, width, posBytes: emission.posBytes, bias: 0, accumulate },
        ...{ xRow: emission.row(y), xCol: emission.posBytes, yPlane: emission.plane(x) },
        ...{ yRow: strides[0] * emission.row(x), yCol: strides[1] * emission.posBytes },
      };
      if (layer.dense) {
        const kOff = layer.backKOff[i]!;
        const kCount = phase.taps.length * y.channels;
        emission.draft.op('denseConv', { ...common, kOff, kCount, pack: layer.backPack[i]! });
        continue;
      }
      const rowPtr = layer.backPtr + 4 * i * x.channels;
      const tiling = { reads: y, rowPtr, rows: x.channels, blocks: layer.backBlocks };
      emission.draft.op('sparseConv', {
        ...common,
        rowPtr,
        ...{ off: layer.backOff, val: layer.backVal, stats: 0, lanes: emission.spec.lanes, ...NO_PIPELINE },
        ...emission.convTiling({ ...layer.step, strides: [1, 1] }, tiling),
      });
    }
  }

  #join(step: JoinStep, dz: DraftBuffer): void {
    const emission = this.#emission;
    const { terms, activation, z } = step;
    const [first, second] = terms;
    const targets = terms.map((term) => this.#normTarget(term));
    // A single norm's slope follows from its own input, which this pass reads anyway.
    const fromInput = activation === 0 || canRecompute(step, emission.model.output);
    const { channels, height, width } = z;
    emission.draft.op('joinGrad', {
      dz: emission.origin(dz, z),
      z: fromInput ? 0 : emission.origin(emission.value(z), z),
      ...this.#termArguments(first, targets[0], 0),
      ...this.#termArguments(second, targets[1], 1),
      ...{ activation, channels, height, width, posBytes: emission.posBytes, lanes: emission.spec.lanes },
      count: emission.spec.lanes * height * width,
      ...{
        zRow: emission.row(z),
        zPlane: emission.plane(z),
        dzRow: emission.row(z),
        dzPlane: emission.plane(z),
      },
      keep: terms.some((term) => !term.norm) ? 1 : 0,
      ...{ gapY0: first?.source.gapY ?? 0, gapX0: first?.source.gapX ?? 0 },
      ...{ gapY1: second?.source.gapY ?? 0, gapX1: second?.source.gapX ?? 0 },
    });
    for (const target of targets) if (target) emission.markClean(target);
    for (const [i, term] of terms.entries()) this.#settle(term, targets[i] ?? null, z, dz);
  }

  /** Where a normed term's gradient goes: over its own value where nobody needs that, else over a copy. */
  #normTarget(term: JoinTerm): DraftBuffer | null {
    if (!term.norm) return null;
    const emission = this.#emission;
    const value = this.#value(term.source);
    if (term.inPlace) return value;
    const buffer = emission.scratch(term.source);
    const { source } = term;
    emitCopy(emission, source, { dst: [buffer, source, 0], src: [value, source, 0], accumulate: 0 });
    return buffer;
  }

  #termArguments<Index extends 0 | 1>(
    term: JoinTerm | undefined,
    target: DraftBuffer | null | undefined,
    index: Index,
  ) {
    const emission = this.#emission;
    const norm = emission.norm(term);
    const source = term?.source;
    const place = target && source && norm ? { norm, source, target } : null;
    const named = {
      x: place ? emission.origin(place.target, place.source) : 0,
      norm: place?.norm.norm ?? 0,
      gamma: place ? emission.valueAt(place.norm.gamma) : 0,
      dgamma: place ? emission.gradAt(place.norm.gamma) : 0,
      dbeta: place ? emission.gradAt(place.norm.beta) : 0,
      row: source ? emission.row(source) : 0,
      plane: source ? emission.plane(source) : 0,
    };
    const suffixed = {
      ...{ [`x${index}`]: named.x, [`norm${index}`]: named.norm, [`gamma${index}`]: named.gamma },
      ...{ [`dgamma${index}`]: named.dgamma, [`dbeta${index}`]: named.dbeta },
      ...{ [`x${index}Row`]: named.row, [`x${index}Plane`]: named.plane },
    };
    return suffixed as TermArguments<Index>;
  }

  /** Hands a join's gradient on to one of its terms. */
  #settle(term: JoinTerm, target: DraftBuffer | null, z: Tensor, dz: DraftBuffer): void {
    const { source } = term;
    if (!source.trainable) return;
    const arriving = target ?? dz;
    const existing = this.#gradients.get(source.id);
    if (existing) {
      const layout = target ? source : z;
      emitCopy(this.#emission, source, {
        dst: [existing, source, 0],
        src: [arriving, layout, 0],
        accumulate: 1,
      });
      return;
    }
    const shared = target === null && [...this.#gradients.values()].includes(dz);
    if (!shared) {
      this.#gradients.set(source.id, arriving);
      return;
    }
    const { buffer } = this.#target(source);
    emitCopy(this.#emission, source, { dst: [buffer, source, 0], src: [dz, z, 0], accumulate: 0 });
  }

  #pool(step: PoolStep, dz: DraftBuffer): void {
    const emission = this.#emission;
    const { x, z } = step;
    const value = step.average ? null : this.#value(x);
    const { buffer, accumulate } = this.#target(x);
    if (!accumulate) emission.draft.op('fill', { ptr: { buffer, bytes: 0 }, bytes: buffer.bytes });
    const dx = emission.origin(buffer, x);
    emission.draft.op('poolGrad', {
      ...{ x: value ? emission.origin(value, x) : dx, dx, dz: emission.origin(dz, z) },
      ...poolGeometry(emission, step),
    });
  }

  #flatten({ x }: FlattenStep, dz: DraftBuffer): void {
    const { buffer, accumulate } = this.#target(x);
    emitFlatten(this.#emission, x, { image: buffer, flat: dz, reverse: 1, accumulate });
  }

  #concat({ sources, z }: ConcatStep, dz: DraftBuffer): void {
    let channel = 0;
    for (const source of sources) {
      const position = channel * planeOf(z);
      channel += source.channels;
      if (!source.trainable) continue;
      const { buffer, accumulate } = this.#target(source);
      emitCopy(this.#emission, source, { dst: [buffer, source, 0], src: [dz, z, position], accumulate });
    }
  }
}

type TermField = 'x' | 'norm' | 'gamma' | 'dgamma' | 'dbeta';
type TermArguments<Index extends 0 | 1> = Readonly<
  Record<
    `${TermField}${Index}` | `x${Index}Row` | `x${Index}Plane`,
    number | { buffer: DraftBuffer; bytes: number }
  >
>;

interface GradientGeometry {
  readonly x: { readonly buffer: DraftBuffer; readonly bytes: number };
  readonly dy: { readonly buffer: DraftBuffer; readonly bytes: number };
  readonly height: number;
  readonly width: number;
  readonly posBytes: number;
  readonly xRow: number;
  readonly xCol: number;
  readonly dyRow: number;
  readonly dyCol: number;
  readonly dyPlane: number;
  readonly stripe: number;
}
