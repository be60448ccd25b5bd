import type { LoweredModel, JoinStep, JoinTerm, PoolStep, Step, WeightedStep } from './lower.js';
import { Draft, type At, type DraftBuffer } from './draft.js';
import type { LayerStore, NormStore, Slot, Store } from './store.js';
import type { Blocks } from './blocks.js';
import { leadOf, pitchOf, planeOf, positionsOf, type Tensor } from './tensor.js';

/** What a program is for. */
export interface ProgramSpec {
  /**
   * `infer`: forward with running statistics. `observe`: forward with the batch's own. `learn`: the same, then
   * backward, adding to the gradients.
   */
  readonly kind: 'infer' | 'observe' | 'learn';
  /** Samples; each position has as many lanes, rounded up to whole vectors of four. */
  readonly lanes: number;
  /** Samples whose mean the loss is: those of the whole batch, where this is a part of it. */
  readonly lossSamples: number;
  /** Kernels whose gradient for every weight, active or not, is wanted; the program pauses at each. */
  readonly denseGradients: ReadonlySet<string>;
  /** Whether outputs of a norm are computed again in the backward pass instead of kept. */
  readonly recompute: boolean;
}

/** Where the caller finds and leaves things: buffers of the draft. */
export interface ProgramPorts {
  readonly staging: DraftBuffer;
  readonly labels: DraftBuffer;
  readonly logits: DraftBuffer;
}

/** Half of a second-level cache: what one stripe of a convolution's input may take. */
const CONV_STRIPE_BYTES = 1 << 19;

/** A weight gradient sums over a stripe before it adds to what is there, so few large stripes are better than many. */
const GRADIENT_STRIPE_BYTES = 1 << 22;

/** A quarter of a second-level cache: what a block of channels may read for the outputs that are taken at a time. */
const BLOCK_BYTES = 1 << 18;

/** Arguments of a convolution that say in which order it goes. */
interface ConvTiling {
  /** Output rows at a time. */
  readonly stripe: number;
  /** Bytes of each at a time; 0 for all. */
  readonly chunk: number;
  /** Tables of where each row's part of a block begins, `blockStep` bytes apart. */
  readonly blockPtr: number;
  readonly blockStep: number;
  readonly blocks: number;
}

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

  /** The buffer that holds a tensor's value, new where there is none. */
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

  /** The first pixel of the first channel, or of channel `channel`, pixel `position`. */
  origin(buffer: DraftBuffer, tensor: Tensor, position = 0): At {
    return { buffer, bytes: (leadOf(tensor) + position) * this.posBytes };
  }

  /** Zeroes the border once in a buffer's life. */
  cleanGaps(buffer: DraftBuffer, tensor: Tensor): void {
    const { channels, height, width, gapY, gapX } = tensor;
    if ((gapY === 0 && gapX === 0) || this.#clean.has(buffer)) return;
    this.#clean.add(buffer);
    const { posBytes } = this;
    this.draft.op('zeroGaps', { base: { buffer, bytes: 0 }, channels, height, width, posBytes, gapY, gapX });
  }

  /** Says that an op has zeroed the border on its way. */
  markClean(buffer: DraftBuffer): void {
    this.#clean.add(buffer);
  }

  layer(step: WeightedStep): LayerStore {
    return this.store.layers.get(step.node)!;
  }

  norm(term: JoinTerm | undefined): NormStore | null {
    return term?.norm ? this.store.norms.get(term.norm.name)! : null;
  }

  valueAt(slot: Slot): number {
    return this.store.values + 4 * slot.start;
  }

  gradAt(slot: Slot): number {
    return this.store.grads + 4 * slot.start;
  }

  /** Bytes from a row to the next. */
  row(tensor: Tensor): number {
    return pitchOf(tensor) * this.posBytes;
  }

  /** Bytes from a channel to the next. */
  plane(tensor: Tensor): number {
    return planeOf(tensor) * this.posBytes;
  }

  /**
   * In which order a convolution goes over its output: by stripes of rows, or pieces of one row, for which what a block of
   * channels reads stays in the second-level cache.
   */
  convTiling(
    { kernel, strides }: Pick<WeightedStep, 'kernel' | 'strides'>,
    { reads, rowPtr, rows, blocks }: { reads: Tensor; rowPtr: number; rows: number; blocks: Blocks },
  ): ConvTiling {
    const { at, channels, count } = blocks;
    if (count === 1) {
      const stripe = this.#stripe(reads, strides[0] + (kernel[0] - 1) / 4, CONV_STRIPE_BYTES);
      return { stripe, chunk: 0, blockPtr: rowPtr, blockStep: 4, blocks: 1 };
    }
    const fitting = BLOCK_BYTES / channels;
    const stripe = Math.max(1, Math.floor(fitting / this.row(reads)) - (kernel[0] - 1));
    const positions = Math.max(1, Math.floor(fitting / (kernel[0] * this.posBytes)) - (kernel[1] - 1));
    return { stripe, chunk: positions * this.posBytes, blockPtr: at, blockStep: 4 * rows, blocks: count };
  }

  /** Output rows that a sparse weight gradient takes at a time, likewise. */
  gradientStripe(source: Tensor, rows: number): number {
    return this.#stripe(source, rows, GRADIENT_STRIPE_BYTES);
  }

  #stripe(source: Tensor, rows: number, most: number): number {
    const bytes = source.channels * this.row(source) * rows;
    return Math.max(1, Math.floor(most / bytes));
  }
}

/** Lanes of a position: whole vectors of four. */
export function lanesOf(samples: number): number {
  return Math.ceil(samples / 4) * 4;
}

/** Emits loading the batch and every step's forward pass. */
export function emitForward(emission: Emission, staging: DraftBuffer): void {
  const { model, draft, posBytes, spec } = emission;
  const { input } = model;
  const { channels, height, width } = input;
  const x = emission.origin(emission.fresh(input), input);
  draft.op('loadImages', {
    ...{ staging: { buffer: staging, bytes: 0 }, x, lanes: spec.lanes, channels, height, width, posBytes },
    ...{ xRow: emission.row(input), xPlane: emission.plane(input) },
  });
  const gathered = new Set<string>();
  for (const step of model.steps) emitStep(emission, step, gathered);
}

function emitStep(emission: Emission, step: Step, gathered: Set<string>): void {
  switch (step.kind) {
    case 'weighted':
      emitWeighted(emission, step, gathered);
      return;
    case 'join':
      for (const term of step.terms) emitNorm(emission, term, gathered);
      emitJoin(emission, step);
      return;
    case 'pool':
      emission.draft.op('pool', poolArguments(emission, step));
      return;
    case 'flatten':
      emitFlatten(emission, step.x, {
        image: emission.value(step.x),
        flat: emission.value(step.z),
        reverse: 0,
        accumulate: 0,
      });
      return;
    case 'concat': {
      let channel = 0;
      for (const source of step.sources) {
        const position = channel * planeOf(step.z);
        emitCopy(emission, source, {
          dst: [emission.value(step.z), step.z, position],
          src: [emission.value(source), source, 0],
          accumulate: 0,
        });
        channel += source.channels;
      }
    }
  }
}

function emitWeighted(emission: Emission, step: WeightedStep, gathered: Set<string>): void {
  const { draft, posBytes, spec } = emission;
  const { x, y, strides } = step;
  const layer = emission.layer(step);
  const source = emission.value(x);
  emission.cleanGaps(source, x);
  const common = {
    ...{ x: emission.origin(source, x), y: emission.origin(emission.fresh(y), y) },
    ...{ rows: y.channels, height: y.height, width: y.width, posBytes, accumulate: 0 },
    ...{ xRow: strides[0] * emission.row(x), xCol: strides[1] * posBytes },
    ...{ yRow: emission.row(y), yCol: posBytes, yPlane: emission.plane(y) },
    bias: layer.bias ? emission.valueAt(layer.bias) : 0,
  };
  if (layer.dense) {
    const kCount = layer.kernel.size / y.channels;
    draft.op('denseConv', { ...common, kOff: layer.kOff, kCount, pack: layer.pack });
    return;
  }
  const pipeline = pipelineOf(emission, step, source);
  const norm = spec.kind === 'infer' ? null : normOf(emission, y);
  if (norm) gathered.add(norm.node);
  const { rowPtr, off, blocks } = layer;
  const val = emission.valueAt(layer.kernel);
  draft.op('sparseConv', {
    ...common,
    rowPtr,
    off,
    val,
    ...emission.convTiling(step, { reads: x, rowPtr, rows: y.channels, blocks }),
    stats: norm?.stats ?? 0,
    lanes: spec.lanes,
    ...pipeline,
  });
}

/** How a layer runs the join that makes its input, where that is the op just written. */
export function pipelineOf(
  { draft }: Emission,
  { strides, kernel, padTop }: WeightedStep,
  source: DraftBuffer,
): { pipelined: 0 | 1; stride: number; ahead: number } {
  const pipelined = draft.deferJoin(source) ? 1 : 0;
  return { pipelined, stride: strides[0], ahead: kernel[0] - padTop - strides[0] };
}

/** No join to run. */
export const NO_PIPELINE = { pipelined: 0, stride: 0, ahead: 0 };

/** The first norm that reads a layer's output, whose statistics the layer can gather on the way. */
function normOf(emission: Emission, y: Tensor): NormStore | null {
  for (const step of emission.model.steps) {
    const term =
      step.kind === 'join' ? step.terms.find(({ source, norm }) => norm && source === y) : undefined;
    if (term) return emission.norm(term);
  }
  return null;
}

function emitNorm(emission: Emission, term: JoinTerm, gathered: ReadonlySet<string>): void {
  const store = emission.norm(term);
  if (!store || !term.norm) return;
  const { draft, posBytes, spec } = emission;
  const { source } = term;
  const { channels, norm, stats } = store;
  const affine = {
    gamma: emission.valueAt(store.gamma),
    beta: emission.valueAt(store.beta),
    epsilon: term.norm.epsilon,
  };
  if (spec.kind === 'infer') {
    draft.op('normRunning', { ...affine, norm, running: store.running, channels });
    return;
  }
  const { height, width } = source;
  if (!gathered.has(store.node)) {
    const x = emission.origin(emission.value(source), source);
    const strides = { row: emission.row(source), plane: emission.plane(source) };
    draft.op('channelStats', { x, stats, channels, height, width, posBytes, lanes: spec.lanes, ...strides });
  }
  draft.op('normBatch', { ...affine, stats, norm, channels, count: spec.lanes * height * width });
}

/** Emits a join's forward pass into a fresh buffer of its output. */
export function emitJoin(emission: Emission, { terms, activation, z }: JoinStep): void {
  const { channels, height, width } = z;
  const [first, second] = terms;
  const x0 = first!.source;
  const x1 = second?.source;
  emission.draft.op('join', {
    ...{ z: emission.origin(emission.fresh(z), z), x0: emission.origin(emission.value(x0), x0) },
    x1: x1 ? emission.origin(emission.value(x1), x1) : 0,
    ...{ norm0: emission.norm(first)?.norm ?? 0, norm1: emission.norm(second)?.norm ?? 0 },
    ...{ activation, channels, height, width, posBytes: emission.posBytes },
    ...{ zRow: emission.row(z), zPlane: emission.plane(z) },
    ...{ x0Row: emission.row(x0), x0Plane: emission.plane(x0) },
    ...{ x1Row: x1 ? emission.row(x1) : 0, x1Plane: x1 ? emission.plane(x1) : 0 },
    ...{ gapY: z.gapY, gapX: z.gapX, deferred: 0 },
  });
  emission.markClean(emission.value(z));
}

/** Arguments that pooling and its gradient share. */
export function poolArguments(emission: Emission, step: PoolStep) {
  const { x, z } = step;
  return {
    ...{ x: emission.origin(emission.value(x), x), z: emission.origin(emission.value(z), z) },
    ...poolGeometry(emission, step),
  };
}

/** Extents and strides of a pooling step. */
export function poolGeometry(
  emission: Emission,
  { average, window, strides, padTop, padLeft, x, z }: PoolStep,
) {
  return {
    ...{ kind: average ? 1 : 0, channels: x.channels, inHeight: x.height, inWidth: x.width },
    ...{ outHeight: z.height, outWidth: z.width, windowY: window[0], windowX: window[1] },
    ...{ strideY: strides[0], strideX: strides[1], padTop, padLeft, posBytes: emission.posBytes },
    ...{ xRow: emission.row(x), xPlane: emission.plane(x), zRow: emission.row(z), zPlane: emission.plane(z) },
  };
}

/** Copies an image to its features, or back (`reverse`). */
export function emitFlatten(
  emission: Emission,
  tensor: Tensor,
  buffers: { image: DraftBuffer; flat: DraftBuffer; reverse: 0 | 1; accumulate: 0 | 1 },
): void {
  const { channels, height, width } = tensor;
  const { image, flat, reverse, accumulate } = buffers;
  emission.draft.op('flatten', {
    ...{ image: emission.origin(image, tensor), flat: { buffer: flat, bytes: 0 }, reverse, accumulate },
    ...{ channels, height, width, posBytes: emission.posBytes, flatPlane: emission.posBytes },
    ...{ imageRow: emission.row(tensor), imagePlane: emission.plane(tensor) },
  });
}

/** A place in a tensor: its buffer, its layout, and the position from its first pixel. */
type Place = readonly [DraftBuffer, Tensor, number];

/** Copies or adds `extents` positions from one tensor to another. */
export function emitCopy(
  emission: Emission,
  extents: Tensor,
  { dst, src, accumulate }: { dst: Place; src: Place; accumulate: 0 | 1 },
): void {
  const { channels, height, width } = extents;
  emission.draft.op('copy', {
    ...{ dst: emission.origin(dst[0], dst[1], dst[2]), src: emission.origin(src[0], src[1], src[2]) },
    ...{ channels, height, width, posBytes: emission.posBytes, accumulate },
    ...{ dstRow: emission.row(dst[1]), dstPlane: emission.plane(dst[1]) },
    ...{ srcRow: emission.row(src[1]), srcPlane: emission.plane(src[1]) },
  });
}
