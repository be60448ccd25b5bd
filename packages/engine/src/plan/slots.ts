import { found, type Mask, type ModelGraph, parameterSpecs } from '@espalier/core';

/** One parameter's place in the values, gradients and optimiser state. */
export interface Slot {
  readonly name: string;
  /** Values of the whole parameter. */
  readonly size: number;
  /** Values kept: only the active ones of a sparse kernel. */
  readonly count: number;
  /** Floats from the start of the values; a multiple of 4, and so is the room behind it. */
  readonly start: number;
}

/** The slots of all parameters in their canonical order, one behind the other. */
export function planSlots(graph: ModelGraph, mask: Mask | null): readonly Slot[] {
  let start = 0;
  return parameterSpecs(graph).map(({ name, size }) => {
    const count = mask?.layer(name)?.active.length ?? size;
    const slot = { name, size, count, start };
    start += rounded(count);
    return slot;
  });
}

/** Floats that the slots take together. */
export function floatsOf(slots: readonly Slot[]): number {
  return slots.reduce((end, { start, count }) => Math.max(end, start + rounded(count)), 0);
}

/** The slot of that parameter. @throws EspalierError `internal` when there is none. */
export function slotNamed(slots: readonly Slot[], name: string): Slot {
  return found(
    slots.find((slot) => slot.name === name),
    name,
  );
}

function rounded(count: number): number {
  return Math.ceil(count / 4) * 4;
}
