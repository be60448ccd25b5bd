/** Size that a JPEG's header gives. */
export interface JpegSize {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

const SOI = 0xffd8;
const EOI = 0xffd9;
const SOS = 0xffda;
/** Baseline, extended and progressive frames with Huffman coding. */
const FRAMES = new Set([0xffc0, 0xffc1, 0xffc2]);
const EXIF = 0xffe1;
const PROFILE = 0xffe2;
const ADOBE = 0xffee;

/**
 * The size of a JPEG that needs nothing but decoding: eight bits, grey or YCbCr, whole to its end marker, and without
 * the segments that would call for more: EXIF (which may turn it), a colour profile, Adobe's (CMYK, or RGB kept as it
 * is). Null for any other file.
 */
export function plainJpegSize(bytes: Uint8Array): JpegSize | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== SOI || view.getUint16(bytes.length - 2) !== EOI) return null;
  let size: JpegSize | null = null;
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (marker === SOS) return size;
    if (marker < 0xff01 || marker === EXIF || marker === PROFILE || marker === ADOBE) return null;
    if (FRAMES.has(marker)) size = frameSize(bytes, at);
    at += 2 + length;
  }
  return null;
}

function frameSize(bytes: Uint8Array, at: number): JpegSize | null {
  const [precision = 0, h1 = 0, h0 = 0, w1 = 0, w0 = 0, channels = 0] = bytes.subarray(at + 4, at + 10);
  if (precision !== 8 || (channels !== 1 && channels !== 3)) return null;
  return { width: w1 * 256 + w0, height: h1 * 256 + h0, channels };
}
