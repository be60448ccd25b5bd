import { EspalierError, firstNotFinite } from '@espalier/core';
import { malformed } from '../failure.js';

type Numbers = Float32Array | Uint32Array | Uint16Array;

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The array's bytes, little-endian; shares the array's memory where the machine is little-endian itself. */
export function toBytes(values: Numbers): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return LITTLE_ENDIAN ? bytes : swapped(bytes, values.BYTES_PER_ELEMENT);
}

/** Memory for that many float32 values. */
export type FloatMemory = (length: number) => Float32Array;

/** float32 values as sent, in memory of their own. @throws EspalierError `malformed_message`, `not_finite`. */
export function toFloat32(bytes: Uint8Array | undefined, what: string): Float32Array {
  return allFinite(new Float32Array(ownBuffer(bytes, Float32Array.BYTES_PER_ELEMENT, what)), what);
}

/** As {@link toFloat32}, in memory that is handed in. */
export function toFloat32In(memory: FloatMemory, bytes: Uint8Array, what: string): Float32Array {
  return allFinite(toKnownFloat32In(memory, bytes, what), what);
}

/** As {@link toFloat32In} of bytes that were found finite before. @throws EspalierError `malformed_message`. */
export function toKnownFloat32In(memory: FloatMemory, bytes: Uint8Array, what: string): Float32Array {
  if (!LITTLE_ENDIAN || bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) {
    return new Float32Array(ownBuffer(bytes, Float32Array.BYTES_PER_ELEMENT, what));
  }
  const values = memory(bytes.length / Float32Array.BYTES_PER_ELEMENT);
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes);
  return values;
}

function allFinite(values: Float32Array, what: string): Float32Array {
  const at = firstNotFinite(values);
  if (at >= 0) {
    throw new EspalierError(
      'not_finite',
      `value ${at} of ${what} is ${values[at]!}; every value must be finite`,
      { field: what, index: at },
    );
  }
  return values;
}

/** uint32 values as sent, in memory of their own. @throws EspalierError `malformed_message`. */
export function toUint32Array(bytes: Uint8Array | undefined, what: string): Uint32Array {
  return new Uint32Array(ownBuffer(bytes, Uint32Array.BYTES_PER_ELEMENT, what));
}

/** uint16 values as sent, in memory of their own. @throws EspalierError `malformed_message`. */
export function toUint16Array(bytes: Uint8Array | undefined, what: string): Uint16Array {
  return new Uint16Array(ownBuffer(bytes, Uint16Array.BYTES_PER_ELEMENT, what));
}

/** A copy that outlives the frame it came in; empty where the field is absent. */
export function ownBytes(bytes: Uint8Array | undefined): Uint8Array {
  return new Uint8Array(bytes ?? []);
}

/** Bytes inside a message may be at any offset; typed arrays need an aligned one, hence the copy. */
function ownBuffer(bytes: Uint8Array | undefined, elementBytes: number, what: string): ArrayBuffer {
  const own = new Uint8Array(bytes ?? []);
  if (own.length % elementBytes !== 0) {
    throw malformed(`${what} has ${own.length} bytes, which is no multiple of ${elementBytes}`, {
      field: what,
    });
  }
  return LITTLE_ENDIAN ? own.buffer : swapped(own, elementBytes).buffer;
}

function swapped(bytes: Uint8Array, elementBytes: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const inElement = i % elementBytes;
    result[i - inElement + (elementBytes - 1 - inElement)] = bytes[i]!;
  }
  return result;
}
