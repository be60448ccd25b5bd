import { sin } from '../../random/elementary.js';
import type { RandomStream } from '../../random/stream.js';
import { drawScene, type Colour, type Scene } from './scene.js';
import type { ClassTraits } from './class-traits.js';

/** Largest change that noise makes to a value, of 255. */
const NOISE = 16;

/** Paints one image of the class into `image`, `[height, width, channels]`; everything else about it is random. */
export function paint(
  image: Uint8Array,
  shape: readonly [number, number, number],
  traits: ClassTraits,
  stream: RandomStream,
): void {
  const [height, width, channels] = shape;
  const scene = drawScene(shape, traits, stream);
  const colour = Array.from({ length: channels }, () => 0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!paintFigure(scene, x, y, colour) && !paintClutter(scene, x, y, colour)) {
        paintBackground(scene, x / width, y / height, colour);
      }
      const at = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) image[at + c] = toByte((colour[c] ?? 0) + noise(stream));
    }
  }
}

function paintFigure(
  { traits, x, y, radius, wave, stripes }: Scene,
  px: number,
  py: number,
  colour: number[],
): boolean {
  if (!traits.silhouette.contains((px - x) / radius, (py - y) / radius)) return false;
  const [from, to] = stripes;
  mix(colour, from, to, 0.5 + 0.5 * sin(wave.x * px + wave.y * py + wave.phase));
  return true;
}

function paintClutter({ clutter }: Scene, px: number, py: number, colour: number[]): boolean {
  for (const spot of clutter) {
    const [dx, dy] = [px - spot.x, py - spot.y];
    if (dx * dx + dy * dy < spot.radius * spot.radius) {
      mix(colour, spot.colour, spot.colour, 0);
      return true;
    }
  }
  return false;
}

/** Bilinear between the corners; s and t run over the image from 0 to 1. */
function paintBackground({ corners: [a, b, c, d] }: Scene, s: number, t: number, colour: number[]): void {
  for (let i = 0; i < colour.length; i++) {
    colour[i] =
      (1 - t) * ((1 - s) * (a[i] ?? 0) + s * (b[i] ?? 0)) + t * ((1 - s) * (c[i] ?? 0) + s * (d[i] ?? 0));
  }
}

function mix(colour: number[], from: Colour, to: Colour, share: number): void {
  for (let c = 0; c < colour.length; c++)
    colour[c] = (from[c] ?? 0) + share * ((to[c] ?? 0) - (from[c] ?? 0));
}

/** The sum of two uniforms: a triangle around 0. */
function noise(stream: RandomStream): number {
  const draw = stream.uint32();
  return (((draw & 0xffff) + (draw >>> 16)) / 65535 - 1) * NOISE;
}

function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
