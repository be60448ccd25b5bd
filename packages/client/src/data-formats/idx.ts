import { refuse, type LabelledImages } from './labelled-images.js';

/** An array of unsigned bytes as an IDX file has it. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

/** Element types of IDX by their code; only the first is used by the MNIST family. */
const TYPES: Readonly<Record<number, string>> = {
  0x08: 'unsigned bytes',
  0x09: 'signed bytes',
  0x0b: 'shorts',
  0x0c: 'ints',
  0x0d: 'floats',
  0x0e: 'doubles',
};
const UNSIGNED_BYTES = 0x08;

/** Bytes that tell how long any IDX file is. */
export const IDX_HEAD = 4 + 4 * 255;

/**
 * The bytes of a whole IDX file, as its first ones say; null while there are too few of them to tell.
 * @param head the first bytes; {@link IDX_HEAD} are always enough
 * @throws EspalierError `invalid_data` for another file, or another type than unsigned bytes.
 */
export function idxLength(head: Uint8Array, name: string): number | null {
  if (head.length < 4) return null;
  const rank = rankOf(head, name);
  const start = 4 + 4 * rank;
  if (head.length < start) return null;
  return start + sizeOf(shapeOf(head, rank));
}

/**
 * Reads an IDX file (LeCun et al., the MNIST database): two zero bytes, the type, the number of dimensions, their
 * sizes as big-endian 32-bit numbers, and the values.
 * @throws EspalierError `invalid_data` for another file, another type than unsigned bytes, or a length that disagrees.
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const rank = rankOf(bytes, name);
  const start = 4 + 4 * rank;
  if (bytes.length < start) refuse(name, 'is cut short inside its header: fetch it again');
  const shape = shapeOf(bytes, rank);
  const size = sizeOf(shape);
  if (bytes.length - start !== size) {
    refuse(
      name,
      `has ${bytes.length - start} values; its header says ${shape.join('×')} = ${size}. It was cut short or changed: fetch it again`,
    );
  }
  return { shape, values: bytes.subarray(start) };
}

function rankOf(bytes: Uint8Array, name: string): number {
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0)
    refuse(name, 'is no IDX file: it does not begin with two zero bytes');
  const [type = 0, rank = 0] = bytes.subarray(2, 4);
  if (type !== UNSIGNED_BYTES) {
    refuse(name, `holds ${TYPES[type] ?? `elements of unknown type ${type}`}; expected unsigned bytes`);
  }
  if (rank === 0) refuse(name, 'is cut short inside its header: fetch it again');
  return rank;
}

function shapeOf(bytes: Uint8Array, rank: number): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Images and labels of two IDX files: `[count, height, width]` (or with 3 channels last) and `[count]`.
 * @param names of the image and the label file, for messages
 * @throws EspalierError `invalid_data` for other ranks, no images, or counts that disagree.
 */
export function idxImages(
  images: IdxArray,
  labels: IdxArray,
  names: readonly [string, string],
): LabelledImages {
  const [imageName, labelName] = names;
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape;
  const drawable =
    images.shape.length === 3 || (images.shape.length === 4 && (channels === 1 || channels === 3));
  if (!drawable || height * width === 0) {
    refuse(imageName, `holds an array of ${images.shape.join('×')}; expected count×height×width`);
  }
  if (labels.shape.length !== 1)
    refuse(labelName, `holds an array of ${labels.shape.join('×')}; expected one label per image`);
  if (labels.values.length !== count) {
    refuse(
      labelName,
      `has ${labels.values.length} labels for the ${count} images of ${imageName}; they are not of one set`,
    );
  }
  return {
    imageShape: [height, width, channels],
    images: images.values,
    labels: Uint16Array.from(labels.values),
  };
}
