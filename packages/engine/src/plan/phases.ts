import type { WeightedStep } from './steps.js';

/** One stride phase of a layer's input gradient: input pixels `(phaseY + sy·i, phaseX + sx·j)`. */
export interface Phase {
  readonly y: number;
  readonly x: number;
  /** Kernel taps that reach these pixels. */
  readonly taps: readonly (readonly [number, number])[];
  /**
   * For a dense layer whose input has a gradient: byte offset per (tap, filter), and the transposed packed
   * weights.
   */
  readonly kOff: number;
  readonly pack: number;
}

/** The stride phase of input pixels that a kernel tap touches: `(phase + pad − tap)` divides by the stride. */
export function phaseOfTap(tap: number, stride: number, pad: number): number {
  return (((tap - pad) % stride) + stride) % stride;
}

/** The stride phases of the input, in row order; on a small input the last ones may have no pixels. */
export function phasesOf({ kernel, strides, padTop, padLeft }: WeightedStep): readonly Phase[] {
  const phases: Phase[] = [];
  for (let a = 0; a < strides[0]; a++) {
    for (let b = 0; b < strides[1]; b++) {
      const taps: (readonly [number, number])[] = [];
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          if (phaseOfTap(ky, strides[0], padTop) === a && phaseOfTap(kx, strides[1], padLeft) === b)
            taps.push([ky, kx]);
        }
      }
      phases.push({ y: a, x: b, taps, kOff: 0, pack: 0 });
    }
  }
  return phases;
}
