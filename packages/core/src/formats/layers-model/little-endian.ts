/** Weight files are little-endian, as every machine that runs JavaScript today; others go number by number. */
const NATIVE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The numbers of all arrays, one after another, as bytes of a file. */
export function toLittleEndian(arrays: readonly Float32Array[]): Uint8Array {
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const values of arrays) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return NATIVE ? bytes : swapped(bytes);
}

/** The numbers of a file's bytes, copied. */
export function fromLittleEndian({ buffer, byteOffset, byteLength }: DataView): Float32Array {
  const bytes = new Uint8Array(byteLength);
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength));
  return new Float32Array((NATIVE ? bytes : swapped(bytes)).buffer);
}

function swapped(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
  return bytes;
}
