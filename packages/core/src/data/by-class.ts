import { EspalierError } from '../errors.js';

/**
 * Positions of every class's samples, ascending.
 * @throws EspalierError `invalid_data` for a label that is not below `numClasses`.
 */
export function positionsByClass(
  labels: ArrayLike<number>,
  numClasses: number,
): readonly (readonly number[])[] {
  const classes: number[][] = Array.from({ length: numClasses }, () => []);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const positions = classes[label];
    if (positions === undefined) {
      throw new EspalierError(
        'invalid_data',
        `label ${String(label)} of sample ${String(i)} is not one of ${String(numClasses)} classes`,
        { label, sample: i },
      );
    }
    positions.push(i);
  }
  return classes;
}

/** The numbers in ascending order, as a new array. */
export function ascending(positions: readonly number[]): readonly number[] {
  return [...positions].sort((a, b) => a - b);
}
