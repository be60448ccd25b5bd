import { NO_VIEW, type DraftBuffer, type NormGradient, type View } from '../ops/arguments.js';
import { startOf, type Emission } from './emission.js';
import { emitInputGradient, emitWeightGradients, type GradientTarget } from './emit-gradients.js';
import { emitFlatten, emitJoin, poolWindow } from './emit.js';
import type { ConcatStep, FlattenStep, JoinStep, JoinTerm, PoolStep, Step, WeightedStep } from './steps.js';
import { planeOf, type Tensor } from './tensor.js';

/** Emits the backward pass: gradients of every parameter are added to the store's. */
export function emitBackward(emission: Emission, outputGradient: DraftBuffer): void {
  new Backward(emission, outputGradient).emit();
}

/** True when a join's output can be recomputed from a layer's output that is kept anyway. */
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
    // It is not needed again, so a source may reuse the buffer.
    this.#gradients.delete(z.id);
    this.#handOn(step, dz);
  }

  /** Propagates a step's output gradient to its parameters and sources. */
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
  #target(tensor: Tensor): GradientTarget {
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
    const source = this.#value(step.x);
    emitWeightGradients(this.#emission, step, { source, dy });
    if (step.x.trainable) emitInputGradient(this.#emission, step, dy, this.#target(step.x));
  }

  #join(step: JoinStep, dz: DraftBuffer): void {
    const emission = this.#emission;
    const { terms, activation, z } = step;
    const { lanes } = emission.spec;
    const targets = terms.map((term) => ({ term, target: this.#normTarget(term) }));
    const [first, second] = targets;
    // A single norm's slope follows from its own input, which this pass reads anyway.
    const fromInput = activation === 0 || canRecompute(step, emission.model.output);
    emission.draft.op('joinGrad', {
      dz: emission.view(dz, z),
      z: fromInput ? NO_VIEW : emission.view(emission.value(z), z),
      x0: this.#termView(first),
      norm0: this.#normGradient(first?.term),
      x1: this.#termView(second),
      norm1: this.#normGradient(second?.term),
      size: emission.extents(z),
      activation,
      lanes,
      count: lanes * z.height * z.width,
      keep: terms.some((term) => !term.norm) ? 1 : 0,
    });
    for (const { target } of targets) if (target) emission.markClean(target);
    for (const { term, target } of targets) this.#settle(term, target, z, dz);
  }

  /**
   * Buffer for a normed term's gradient: its own value's if nothing else needs that value, otherwise a copy.
   */
  #normTarget({ source, norm, inPlace }: JoinTerm): DraftBuffer | null {
    if (!norm) return null;
    const emission = this.#emission;
    const value = this.#value(source);
    if (inPlace) return value;
    const buffer = emission.scratch(source);
    this.#copy(source, emission.view(buffer, source), emission.view(value, source), 0);
    return buffer;
  }

  /** A normed term's value, which the op replaces by its gradient; no other term is read. */
  #termView(place: { term: JoinTerm; target: DraftBuffer | null } | undefined): View {
    return place?.target ? this.#emission.view(place.target, place.term.source) : NO_VIEW;
  }

  #normGradient(term: JoinTerm | undefined): NormGradient {
    const emission = this.#emission;
    const norm = emission.norm(term);
    if (!norm) return { at: 0, gamma: 0, gammaGrad: 0, betaGrad: 0 };
    return {
      at: norm.norm,
      gamma: emission.valueAt(norm.gamma),
      gammaGrad: emission.gradAt(norm.gamma),
      betaGrad: emission.gradAt(norm.beta),
    };
  }

  /** Hands a join's gradient on to one of its terms. */
  #settle({ source }: JoinTerm, target: DraftBuffer | null, z: Tensor, dz: DraftBuffer): void {
    if (!source.trainable) return;
    const arriving = target ?? dz;
    const held = this.#gradients.get(source.id);
    const shared = target === null && [...this.#gradients.values()].includes(dz);
    if (!held && !shared) {
      this.#gradients.set(source.id, arriving);
      return;
    }
    const { buffer, accumulate } = this.#target(source);
    const from = this.#emission.view(arriving, target ? source : z);
    this.#copy(source, this.#emission.view(buffer, source), from, accumulate);
  }

  #copy(extents: Tensor, dst: View, src: View, accumulate: 0 | 1): void {
    this.#emission.draft.op('copy', { dst, src, size: this.#emission.extents(extents), accumulate });
  }

  #pool(step: PoolStep, gradient: DraftBuffer): void {
    const emission = this.#emission;
    const { x, z } = step;
    const value = step.average ? null : this.#value(x);
    const { buffer, accumulate } = this.#target(x);
    if (!accumulate) emission.draft.op('fill', { ptr: startOf(buffer), bytes: buffer.bytes });
    const dx = emission.view(buffer, x);
    emission.draft.op('poolGrad', {
      x: value ? emission.view(value, x).at : dx.at,
      dx,
      dz: emission.view(gradient, z),
      window: poolWindow(emission, step),
    });
  }

  #flatten({ x }: FlattenStep, dz: DraftBuffer): void {
    const { buffer, accumulate } = this.#target(x);
    emitFlatten(this.#emission, x, { image: buffer, flat: dz, reverse: 1, accumulate });
  }

  #concat({ sources, z }: ConcatStep, dz: DraftBuffer): void {
    const emission = this.#emission;
    let channel = 0;
    for (const source of sources) {
      const position = channel * planeOf(z);
      channel += source.channels;
      if (!source.trainable) continue;
      const { buffer, accumulate } = this.#target(source);
      const [to, from] = [emission.view(buffer, source), emission.view(dz, z, position)];
      this.#copy(source, to, from, accumulate);
    }
  }
}
