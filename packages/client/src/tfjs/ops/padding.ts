import type { ExplicitPadding } from '@espalier/core';

/** Padding in the form of tfjs: `[batch, height, width, channels]`, before and after each. */
export type TfPadding = 'valid' | [[number, number], [number, number], [number, number], [number, number]];

/** tfjs's form of explicit pixels. */
export function tfPadding({ top, bottom, left, right }: ExplicitPadding): TfPadding {
  if (top + bottom + left + right === 0) return 'valid';
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}
