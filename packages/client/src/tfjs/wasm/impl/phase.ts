/**
 * One axis of a strided convolution's input gradient. Input positions `y` with the same `(y + pad) mod stride` see the
 * same taps, `residue`, `residue + stride`, …; each such phase is a stride-1 convolution of `dy` with those taps.
 */
export interface AxisPhase {
  readonly residue: number;
  /** Taps of the phase. */
  readonly taps: number;
  /** First input position of the phase, and how many there are. */
  readonly start: number;
  readonly count: number;
  /** Zeros to put around `dy`, and rows of `dy` to leave out, before and after. */
  readonly padding: readonly [number, number];
  readonly crop: readonly [number, number];
}

/** Sizes, stride and padding along one axis. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** The phases of an axis whose gradient is not zero throughout. */
export function axisPhases(axis: Axis): readonly AxisPhase[] {
  return Array.from({ length: axis.stride }, (_, residue) => phaseOf(axis, residue)).filter(
    ({ taps, count, crop }) => taps > 0 && count > 0 && crop[0] + crop[1] < axis.output,
  );
}

function phaseOf({ input, output, kernel, stride, padding }: Axis, residue: number): AxisPhase {
  const taps = Math.max(0, Math.ceil((kernel - residue) / stride));
  const start = (((residue - padding) % stride) + stride) % stride;
  const count = Math.max(0, Math.floor((input - 1 - start) / stride) + 1);
  // Position q of the phase reads dy at q − taps + 1 … q.
  const first = (start + padding - residue) / stride;
  const low = first - taps + 1;
  const high = first + count - 1;
  return {
    residue,
    taps,
    start,
    count,
    padding: [Math.max(0, -low), Math.max(0, high - (output - 1))],
    crop: [Math.max(0, low), Math.max(0, output - 1 - high)],
  };
}
