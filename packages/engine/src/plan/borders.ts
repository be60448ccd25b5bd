import { phaseOfTap } from './phases.js';
import type { Step } from './steps.js';
import { widenGap } from './tensor.js';

/** Gives every tensor the border that its readers need. */
export function widenBorders(steps: readonly Step[]): void {
  for (const step of steps) borderFor(step);
  alignIdentities(steps);
}

/** Makes borders: around x for the forward pass, and around the gradient of y for the input gradient. */
function borderFor(step: Step): void {
  if (step.kind !== 'weighted') return;
  const { x, y, kernel, strides } = step;
  const vertical = { size: x.height, out: y.height, kernel: kernel[0], stride: strides[0], pad: step.padTop };
  const horizontal = {
    size: x.width,
    out: y.width,
    kernel: kernel[1],
    stride: strides[1],
    pad: step.padLeft,
  };
  widenGap(x, forwardReach(vertical), forwardReach(horizontal));
  widenGap(y, gradientReach(vertical), gradientReach(horizontal));
}

interface Axis {
  readonly size: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
}

function forwardReach({ size, out, kernel, stride, pad }: Axis): number {
  return Math.max(0, pad, (out - 1) * stride + kernel - 1 - pad - (size - 1));
}

function gradientReach({ size, out, kernel, stride, pad }: Axis): number {
  let reach = 0;
  for (let tap = 0; tap < kernel; tap++) {
    const phase = phaseOfTap(tap, stride, pad);
    if (phase >= size) continue;
    const low = (phase + pad - tap) / stride;
    const last = Math.ceil((size - phase) / stride) - 1;
    reach = Math.max(reach, -low, last + low - (out - 1));
  }
  return reach;
}

/** A plain term's gradient is the join's own buffer, so both tensors must have the same layout. */
function alignIdentities(steps: readonly Step[]): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const step of steps) {
      if (step.kind !== 'join') continue;
      for (const { source, norm } of step.terms) {
        if (norm || (source.gapY === step.z.gapY && source.gapX === step.z.gapX)) continue;
        widenGap(source, step.z.gapY, step.z.gapX);
        widenGap(step.z, source.gapY, source.gapX);
        changed = true;
      }
    }
  }
}
