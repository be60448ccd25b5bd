/** The borders of zeros between rows and channels. */

/** Zeroes the border behind a row of `bytes` and, after the last row, below the channel. */
// @ts-ignore: decorator
@inline
export function closeRow(
  row: usize, bytes: usize, rowBytes: usize, gapX: usize, gapY: usize, isLast: bool,
): void {
  const zero = f32x4.splat(0);
  const end = row + bytes + gapX + (isLast ? gapY * rowBytes : 0);
  for (let p = row + bytes; p < end; p += 16) v128.store(p, zero);
}

/** Zeroes the border before the first channel. */
// @ts-ignore: decorator
@inline
export function openGap(origin: usize, rowBytes: usize, gapX: usize, gapY: usize): void {
  const lead = gapY * rowBytes + gapX;
  memory.fill(origin - lead, 0, lead);
}
