/** Taking doubles apart and scaling them by powers of two, exactly. */

const view = new DataView(new ArrayBuffer(8));

/** A double as `mantissa × 2^exponent` with the mantissa in [√½, √2), for finite x > 0. */
export function splitBinary(x: number): { readonly mantissa: number; readonly exponent: number } {
  const subnormal = x < 2.2250738585072014e-308;
  view.setFloat64(0, subnormal ? x * 18014398509481984 : x);
  const high = view.getUint32(0);
  const exponent = (high >>> 20) - 1023 - (subnormal ? 54 : 0);
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  const mantissa = view.getFloat64(0);
  return mantissa < 1.4142135623730951
    ? { mantissa, exponent }
    : { mantissa: mantissa / 2, exponent: exponent + 1 };
}

/** `x × 2^exponent`, rounded once; exponents from −1200 to 1200. */
export function scaleBinary(x: number, exponent: number): number {
  if (exponent >= -1022 && exponent <= 1023) return x * powerOfTwo(exponent);
  // Two factors: the first stays within the normal range, so only the second product rounds (or overflows).
  const first = exponent < 0 ? -600 : 600;
  return x * powerOfTwo(first) * powerOfTwo(exponent - first);
}

/** 2^exponent for −1022 ≤ exponent ≤ 1023. */
function powerOfTwo(exponent: number): number {
  view.setUint32(0, (exponent + 1023) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}
