import { refuse, type LabelledImages } from './labelled-images.js';

/** An array as an NPY file has it, in C order. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly type: 'uint8' | 'float32' | 'integer';
  readonly values: Uint8Array | Float32Array | Float64Array;
}

/** Bytes; NumPy itself trusts no header above 10,000. */
const LONGEST_HEADER = 10_000;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Little-endian readers by NumPy's type string; `|` marks types without an order. */
const READERS = new Map<string, { bytes: number; read: (view: DataView, at: number) => number }>([
  ['|u1', { bytes: 1, read: (view, at) => view.getUint8(at) }],
  ['|i1', { bytes: 1, read: (view, at) => view.getInt8(at) }],
  ['<u2', { bytes: 2, read: (view, at) => view.getUint16(at, true) }],
  ['<i2', { bytes: 2, read: (view, at) => view.getInt16(at, true) }],
  ['<u4', { bytes: 4, read: (view, at) => view.getUint32(at, true) }],
  ['<i4', { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  ['<u8', { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) }],
  ['<i8', { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  ['<f4', { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
]);

/**
 * Reads an NPY file, versions 1 and 2: little-endian, C order; `uint8`, `float32` and whole numbers of any width.
 * @throws EspalierError `invalid_data` naming what is not supported, or where the file is cut short.
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  const { header, start } = readHeader(bytes, name);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || dims === undefined) {
    refuse(name, `has a header that cannot be read: ${header.trim().slice(0, 80)}`);
  }
  if (order === 'True') refuse(name, 'is in Fortran order; save numpy.ascontiguousarray(array) instead');
  const reader = READERS.get(descr);
  if (reader === undefined) {
    refuse(
      name,
      `holds ${descr}; expected one of ${[...READERS.keys()].join(', ')}. Convert it with array.astype`,
    );
  }
  const shape = (dims.match(/\d+/g) ?? []).map(Number);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const found = bytes.length - start;
  if (found !== size * reader.bytes) {
    refuse(
      name,
      `has ${found} bytes of values; its shape (${shape.join(', ')}) of ${descr} takes ${size * reader.bytes}`,
    );
  }
  if (descr === '|u1') return { shape, type: 'uint8', values: bytes.subarray(start) };
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, found);
  const values = descr === '<f4' ? new Float32Array(size) : new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = reader.read(view, i * reader.bytes);
  return { shape, type: descr === '<f4' ? 'float32' : 'integer', values };
}

function readHeader(bytes: Uint8Array, name: string): { header: string; start: number } {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) refuse(name, 'is no NPY file');
  const version = bytes[6] ?? 0;
  if (version !== 1 && version !== 2) refuse(name, `is of NPY version ${version}; expected 1 or 2`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = version === 1 ? 10 : 12;
  if (bytes.length < from) refuse(name, 'is cut short inside its header');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER) refuse(name, `has a header of ${length} bytes; those of arrays are shorter`);
  if (bytes.length < from + length) refuse(name, 'is cut short inside its header');
  const header = new TextDecoder('latin1').decode(bytes.subarray(from, from + length));
  return { header, start: from + length };
}

/**
 * Images and labels of two NPY files: `[count, height, width]` or `[count, height, width, 1 | 3]`, as `uint8`, or as
 * `float32` in [0, 1]; and `[count]` whole numbers from 0.
 * @param names of the image and the label file, for messages
 * @throws EspalierError `invalid_data` for other shapes, types or values, or counts that disagree.
 */
export function npyImages(
  images: NpyArray,
  labels: NpyArray,
  names: readonly [string, string],
): LabelledImages {
  const [imageName, labelName] = names;
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape;
  const drawable =
    images.shape.length === 3 || (images.shape.length === 4 && (channels === 1 || channels === 3));
  if (!drawable || height * width === 0) {
    refuse(
      imageName,
      `holds an array of (${images.shape.join(', ')}); expected (count, height, width) or (count, height, width, 1 or 3)`,
    );
  }
  if (labels.shape.length !== 1 || labels.values.length !== count) {
    refuse(
      labelName,
      `holds an array of (${labels.shape.join(', ')}); expected (${count}), one label for each image of ${imageName}`,
    );
  }
  if (labels.type === 'float32') refuse(labelName, 'holds float32; labels are whole numbers');
  return {
    imageShape: [height, width, channels],
    images: toBytes(images, imageName),
    labels: Uint16Array.from(labels.values, (value, i) => {
      if (value < 0 || value > 65535) refuse(labelName, `has label ${value} at ${i}; expected 0 to 65535`);
      return value;
    }),
  };
}

function toBytes({ type, values }: NpyArray, name: string): Uint8Array {
  if (values instanceof Uint8Array) return values;
  if (type !== 'float32') refuse(name, 'holds wide whole numbers; expected uint8, or float32 from 0 to 1');
  const bytes = new Uint8Array(values.length);
  for (const [i, value] of values.entries()) {
    // The negated form catches NaN.
    if (!(value >= 0 && value <= 1))
      refuse(name, `has the value ${value} at ${i}; float32 images go from 0 to 1`);
    bytes[i] = Math.round(value * 255);
  }
  return bytes;
}
