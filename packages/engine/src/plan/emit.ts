import { NO_VIEW, type DraftBuffer, type Pipeline, type Pooling, type View } from '../ops/arguments.js';
import { startOf, strided, type Emission } from './emission.js';
import type { ConcatStep, JoinStep, JoinTerm, PoolStep, Step, WeightedStep } from './steps.js';
import type { NormStore } from './store.js';
import { planeOf, type Tensor } from './tensor.js';

/** Emits loading the batch and every step's forward pass. */
export function emitForward(emission: Emission, staging: DraftBuffer): void {
  const { model, draft, spec } = emission;
  const { input } = model;
  draft.op('loadImages', {
    staging: startOf(staging),
    x: emission.view(emission.fresh(input), input),
    size: emission.extents(input),
    lanes: spec.lanes,
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
      emission.draft.op('pool', {
        x: emission.view(emission.value(step.x), step.x),
        z: emission.view(emission.value(step.z), step.z),
        window: poolWindow(emission, step),
      });
      return;
    case 'flatten':
      emitFlatten(emission, step.x, {
        image: emission.value(step.x),
        flat: emission.value(step.z),
        reverse: 0,
        accumulate: 0,
      });
      return;
    case 'concat':
      emitConcat(emission, step);
  }
}

function emitConcat(emission: Emission, { sources, z }: ConcatStep): void {
  let channel = 0;
  for (const source of sources) {
    const dst = emission.view(emission.value(z), z, channel * planeOf(z));
    const src = emission.view(emission.value(source), source);
    emission.draft.op('copy', { dst, src, size: emission.extents(source), accumulate: 0 });
    channel += source.channels;
  }
}

function emitWeighted(emission: Emission, step: WeightedStep, gathered: Set<string>): void {
  const { draft, spec } = emission;
  const { x, y, strides } = step;
  const layer = emission.layer(step);
  const source = emission.value(x);
  emission.cleanGaps(source, x);
  const common = {
    x: strided(emission.view(source, x), strides),
    y: emission.view(emission.fresh(y), y),
    size: emission.extents(y),
    bias: layer.bias ? emission.valueAt(layer.bias) : 0,
    accumulate: 0,
  };
  if (layer.dense) {
    const kCount = layer.kernel.size / y.channels;
    draft.op('denseConv', { ...common, kOff: layer.kOff, kCount, pack: layer.pack });
    return;
  }
  const join = pipelineOf(emission, step, source);
  const norm = spec.kind === 'infer' ? null : normOf(emission, y);
  if (norm) gathered.add(norm.node);
  const { rowPtr, off, blocks } = layer;
  draft.op('sparseConv', {
    ...common,
    rowPtr,
    off,
    val: emission.valueAt(layer.kernel),
    tiling: emission.convTiling(step, { reads: x, rowPtr, rows: y.channels, blocks }),
    stats: norm?.stats ?? 0,
    lanes: spec.lanes,
    join,
  });
}

/** Settings by which a layer runs the join that makes its input, if that is the op just written. */
export function pipelineOf(
  { draft }: Emission,
  { strides, kernel, padTop }: WeightedStep,
  source: DraftBuffer,
): Pipeline {
  const pipelined = draft.deferJoin(source) ? 1 : 0;
  return { pipelined, stride: strides[0], ahead: kernel[0] - padTop - strides[0] };
}

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
  const { draft, spec } = emission;
  const { source } = term;
  const { channels, norm, stats, running } = store;
  const affine = {
    gamma: emission.valueAt(store.gamma),
    beta: emission.valueAt(store.beta),
    epsilon: term.norm.epsilon,
  };
  if (spec.kind === 'infer') {
    draft.op('normRunning', { norm, affine, running, channels });
    return;
  }
  if (!gathered.has(store.node)) {
    const x = emission.view(emission.value(source), source);
    draft.op('channelStats', { x, size: emission.extents(source), stats, lanes: spec.lanes });
  }
  const count = spec.lanes * source.height * source.width;
  draft.op('normBatch', { stats, norm, affine, channels, count });
}

/** Emits a join's forward pass into a fresh buffer of its output. */
export function emitJoin(emission: Emission, { terms, activation, z }: JoinStep): void {
  const [first, second] = terms;
  const source = (term: JoinTerm | undefined): View =>
    term ? emission.view(emission.value(term.source), term.source) : NO_VIEW;
  const output = emission.fresh(z);
  emission.draft.op('join', {
    z: emission.view(output, z),
    x0: source(first),
    norm0: emission.norm(first)?.norm ?? 0,
    x1: source(second),
    norm1: emission.norm(second)?.norm ?? 0,
    size: emission.extents(z),
    activation,
    deferred: 0,
  });
  emission.markClean(output);
}

/** Extents and windows of a pooling step. */
export function poolWindow(
  { posBytes }: Emission,
  { average, window, strides, padTop, padLeft, x, z }: PoolStep,
): Pooling {
  return {
    kind: average ? 1 : 0,
    channels: x.channels,
    inHeight: x.height,
    inWidth: x.width,
    outHeight: z.height,
    outWidth: z.width,
    windowY: window[0],
    windowX: window[1],
    strideY: strides[0],
    strideX: strides[1],
    padTop,
    padLeft,
    posBytes,
  };
}

/** Copies an image to its features, or back (`reverse`). */
export function emitFlatten(
  emission: Emission,
  tensor: Tensor,
  buffers: { image: DraftBuffer; flat: DraftBuffer; reverse: 0 | 1; accumulate: 0 | 1 },
): void {
  const { posBytes } = emission;
  const { image, flat, reverse, accumulate } = buffers;
  emission.draft.op('flatten', {
    image: emission.view(image, tensor),
    flat: { ...NO_VIEW, at: startOf(flat), plane: posBytes },
    size: emission.extents(tensor),
    reverse,
    accumulate,
  });
}
