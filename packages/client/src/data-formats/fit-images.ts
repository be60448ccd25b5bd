import type { LabelledImages } from './labelled-images.js';

type Shape = LabelledImages['imageShape'];

/** One output pixel's inputs along an axis: the first, and their weights, which sum to 1. */
interface Taps {
  readonly from: number;
  readonly weights: readonly number[];
}

/**
 * Images brought to another shape: grey becomes three equal channels, colour becomes luma (BT.601), and each axis is
 * resized with a triangle filter that widens when it shrinks. Images of that shape already come back as they are.
 */
export function fitImages(images: Uint8Array, from: Shape, to: Shape): Uint8Array {
  const [height, width] = from;
  const sameSize = height === to[0] && width === to[1];
  if (sameSize && from[2] === to[2]) return images;
  const channels = withChannels(images, from[2], to[2]);
  if (sameSize) return channels;
  return resized(channels, [height, width, to[2]], to);
}

function withChannels(images: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return images;
  const pixels = images.length / from;
  const out = new Uint8Array(pixels * to);
  for (let p = 0; p < pixels; p++) {
    if (to === 3) out.fill(images[p]!, 3 * p, 3 * p + 3);
    else {
      const [r, g, b] = [images[3 * p]!, images[3 * p + 1]!, images[3 * p + 2]!];
      out[p] = Math.round((299 * r + 587 * g + 114 * b) / 1000);
    }
  }
  return out;
}

function resized(images: Uint8Array, from: Shape, to: Shape): Uint8Array {
  const [rows, columns] = [tapsOf(from[0], to[0]), tapsOf(from[1], to[1])];
  const channels = to[2];
  const [inSize, outSize] = [from[0] * from[1] * channels, to[0] * to[1] * channels];
  const count = images.length / inSize;
  const out = new Uint8Array(count * outSize);
  const wide = new Float64Array(from[0] * to[1] * channels);
  for (let i = 0; i < count; i++) {
    const image = images.subarray(i * inSize, (i + 1) * inSize);
    const sized = out.subarray(i * outSize, (i + 1) * outSize);
    blend(image, wide, { taps: columns, outer: from[0], length: from[1], inner: channels });
    blend(wide, sized, { taps: rows, outer: 1, length: from[0], inner: to[1] * channels });
  }
  return out;
}

interface Axis {
  readonly taps: readonly Taps[];
  /** Repetitions outside the axis, its length in the source, and values inside one step of it. */
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

function blend(source: ArrayLike<number>, target: Uint8Array | Float64Array, axis: Axis): void {
  const { taps, outer, length, inner } = axis;
  const round = target instanceof Uint8Array ? 0.5 : 0;
  for (let o = 0; o < outer; o++) {
    for (const [t, { from, weights }] of taps.entries()) {
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += weights[k]! * source[(o * length + from + k) * inner + c]!;
        target[(o * taps.length + t) * inner + c] = sum + round;
      }
    }
  }
}

function tapsOf(input: number, output: number): readonly Taps[] {
  const scale = input / output;
  const reach = Math.max(1, scale);
  return Array.from({ length: output }, (_, i) => {
    const centre = (i + 0.5) * scale - 0.5;
    const from = Math.max(0, Math.ceil(centre - reach));
    const to = Math.min(input - 1, Math.floor(centre + reach));
    const raw = Array.from({ length: to - from + 1 }, (__, k) =>
      Math.max(0, 1 - Math.abs(from + k - centre) / reach),
    );
    const total = raw.reduce((sum, weight) => sum + weight, 0);
    return { from, weights: raw.map((weight) => weight / total) };
  });
}
