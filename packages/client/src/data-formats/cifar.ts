import { refuse, type LabelledImages } from './labelled-images.js';

/** Kind of CIFAR set; the two differ in the bytes before each image. */
export type CifarKind = 'cifar10' | 'cifar100';

const PIXELS = 32 * 32;

/** Bytes before the pixels, and where the fine label is among them (CIFAR-100 has a coarse one first). */
const RECORD = {
  cifar10: { labelBytes: 1, label: 0, classes: 10 },
  cifar100: { labelBytes: 2, label: 1, classes: 100 },
} as const;

/** Bytes of one record: its labels and 3,072 pixel values. */
export function cifarRecordBytes(kind: CifarKind): number {
  return RECORD[kind].labelBytes + 3 * PIXELS;
}

/** Number of (fine) classes. */
export function cifarClasses(kind: CifarKind): number {
  return RECORD[kind].classes;
}

/** The (fine) labels of a batch file, without its pixels. See {@link parseCifar}. */
export function cifarLabels(bytes: Uint8Array, kind: CifarKind, name: string): Uint16Array {
  const stride = cifarRecordBytes(kind);
  if (bytes.length === 0 || bytes.length % stride !== 0) {
    refuse(
      name,
      `has ${bytes.length} bytes; a ${kind} batch is a whole number of records of ${stride}. It was cut short or is something else: fetch it again`,
    );
  }
  const { label, classes } = RECORD[kind];
  return Uint16Array.from({ length: bytes.length / stride }, (_, i) => {
    const value = bytes[i * stride + label] ?? 0;
    if (value >= classes) refuse(name, `has label ${value} in record ${i}; ${kind} has ${classes} classes`);
    return value;
  });
}

/**
 * Reads a batch of the binary version of CIFAR-10 (`data_batch_1.bin`) or CIFAR-100 (`train.bin`, with fine labels).
 * The files hold red, green and blue planes of 32×32; channels are interleaved here.
 * @throws EspalierError `invalid_data` when the length is no whole number of records, or a label is out of range.
 */
export function parseCifar(bytes: Uint8Array, kind: CifarKind, name: string): LabelledImages {
  const labels = cifarLabels(bytes, kind, name);
  const images = new Uint8Array(labels.length * 3 * PIXELS);
  const stride = cifarRecordBytes(kind);
  for (let i = 0; i < labels.length; i++) {
    const from = i * stride + RECORD[kind].labelBytes;
    const to = i * 3 * PIXELS;
    for (let p = 0; p < PIXELS; p++) {
      images[to + 3 * p] = bytes[from + p]!;
      images[to + 3 * p + 1] = bytes[from + PIXELS + p]!;
      images[to + 3 * p + 2] = bytes[from + 2 * PIXELS + p]!;
    }
  }
  return { imageShape: [32, 32, 3], images, labels };
}
