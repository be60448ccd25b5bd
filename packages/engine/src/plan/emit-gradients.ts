import type { Argument, DraftBuffer, Extents, View } from '../ops/arguments.js';
import { fromChannel, later, startOf, strided, type Emission } from './emission.js';
import { pipelineOf } from './emit.js';
import type { WeightedStep } from './steps.js';
import type { LayerStore } from './layer-store.js';
import type { Phase } from './phases.js';
import { pitchOf } from './tensor.js';

/** The buffer to add a tensor's gradient to, and whether it holds something already. */
export interface GradientTarget {
  readonly buffer: DraftBuffer;
  readonly accumulate: 0 | 1;
}

/** Operands and extents of a weight gradient. */
interface GradientWalk {
  readonly x: View;
  readonly dy: View;
  readonly size: Extents;
}

/**
 * Emits the contribution of the output gradient `dy` of a layer on `source` to the gradients of its kernel
 * and bias.
 */
export function emitWeightGradients(
  emission: Emission,
  step: WeightedStep,
  { source, dy }: { source: DraftBuffer; dy: DraftBuffer },
): void {
  const { x, y, strides, kernel } = step;
  const layer = emission.layer(step);
  emission.cleanGaps(source, x);
  const walk = {
    x: strided(emission.view(source, x), strides),
    dy: emission.view(dy, y),
    size: emission.extents(y),
  };
  const stripe = emission.gradientStripe(x, strides[0] + (kernel[0] - 1) / 4);
  kernelGradient(emission, layer, { walk, stripe, source });
  if (layer.bias)
    emission.draft.op('biasGrad', { dy: walk.dy, size: walk.size, grad: emission.gradAt(layer.bias) });
}

function kernelGradient(
  emission: Emission,
  layer: LayerStore,
  { walk, stripe, source }: { walk: GradientWalk; stripe: number; source: DraftBuffer },
): void {
  const { draft, spec } = emission;
  const { kernel, step, dense, full, rowPtr, off, flat: index } = layer;
  const wantsAll = spec.denseGradients.has(kernel.name);
  const grad = emission.gradAt(kernel);
  if (!dense) {
    const join = pipelineOf(emission, step, source);
    draft.op('sparseWeightGrad', { ...walk, rowPtr, off, grad, stripe, join });
  } else if (!full) denseGradient(emission, layer, walk, grad);
  if (!wantsAll && !full) return;
  const whole = wholeGradient(emission, layer, walk);
  if (full) draft.op('gatherAdd', { dst: grad, src: startOf(whole), index, count: kernel.count });
  if (wantsAll) draft.pause(kernel.name, whole);
}

function denseGradient(
  emission: Emission,
  { step, kernel, kOff }: LayerStore,
  { x, dy, size }: GradientWalk,
  grad: Argument,
): void {
  const { groups } = step;
  const filters = step.y.channels;
  const rows = filters / groups;
  const depth = step.x.channels / groups;
  for (let g = 0; g < groups; g++) {
    emission.draft.op('denseWeightGrad', {
      x: fromChannel(x, g * depth),
      dy: fromChannel(dy, g * rows),
      size: { ...size, channels: rows },
      kOff,
      kCount: kernel.size / filters,
      grad: later(grad, 4 * g * rows),
      gradStride: 4 * filters,
      stripe: Math.max(1, Math.floor(1024 / (size.width * (size.posBytes / 4)))),
    });
  }
}

/** The whole kernel's gradient in a buffer of its own. */
function wholeGradient(emission: Emission, layer: LayerStore, walk: GradientWalk): DraftBuffer {
  const { draft } = emission;
  const buffer = draft.buffer(4 * layer.kernel.size);
  draft.op('fill', { ptr: startOf(buffer), bytes: buffer.bytes });
  denseGradient(emission, layer, walk, startOf(buffer));
  return buffer;
}

/** Emits a layer's input gradient from its output gradient `dy`, one stride phase after another. */
export function emitInputGradient(
  emission: Emission,
  step: WeightedStep,
  dy: DraftBuffer,
  target: GradientTarget,
): void {
  const layer = emission.layer(step);
  emission.cleanGaps(dy, step.y);
  for (const [i, phase] of layer.phases.entries()) phaseGradient(emission, layer, { i, phase, dy, target });
}

/** The gradient of the input pixels of one stride phase. */
function phaseGradient(
  emission: Emission,
  layer: LayerStore,
  { i, phase, dy, target }: { i: number; phase: Phase; dy: DraftBuffer; target: GradientTarget },
): void {
  const { x, y, strides } = layer.step;
  const height = Math.ceil((x.height - phase.y) / strides[0]);
  const width = Math.ceil((x.width - phase.x) / strides[1]);
  if (height <= 0 || width <= 0) return;
  const common = {
    x: emission.view(dy, y),
    y: strided(emission.view(target.buffer, x, phase.y * pitchOf(x) + phase.x), strides),
    size: { channels: x.channels, height, width, posBytes: emission.posBytes },
    bias: 0,
    accumulate: target.accumulate,
  };
  if (layer.dense) {
    const kCount = phase.taps.length * y.channels;
    emission.draft.op('denseConv', { ...common, kOff: phase.kOff, kCount, pack: phase.pack });
    return;
  }
  const rowPtr = layer.backPtr + 4 * i * x.channels;
  const tiling = { reads: y, rowPtr, rows: x.channels, blocks: layer.backBlocks };
  emission.draft.op('sparseConv', {
    ...common,
    rowPtr,
    off: layer.backOff,
    val: layer.backVal,
    tiling: emission.convTiling({ kernel: layer.step.kernel, strides: [1, 1] }, tiling),
    stats: 0,
    lanes: emission.spec.lanes,
    join: { pipelined: 0, stride: 0, ahead: 0 },
  });
}
