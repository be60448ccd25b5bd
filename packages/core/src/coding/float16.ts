const NUMBER = new Float32Array(1);
const BITS = new Uint32Array(NUMBER.buffer);

/** The bits of the nearest half-precision number, ties to even; above 65504 they are those of infinity. */
export function toFloat16(value: number): number {
  NUMBER[0] = value;
  const bits = BITS[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const fraction = bits & 0x7fffff;
  if (exponent >= 31) return sign | 0x7c00 | (exponent === 143 && fraction !== 0 ? 0x200 : 0);
  if (exponent >= 1) return sign | nearest((exponent << 23) | fraction, 13);
  // Below 2⁻¹⁴ numbers are evenly spaced, 2⁻²⁴ apart.
  return exponent < -10 ? sign : sign | nearest(fraction | 0x800000, 14 - exponent);
}

function nearest(value: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const whole = Math.floor(value / 2 ** shift);
  const rest = value - whole * 2 ** shift;
  return whole + (rest > half || (rest === half && whole % 2 === 1) ? 1 : 0);
}

/** The number of half-precision bits. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
