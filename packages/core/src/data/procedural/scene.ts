import { cos, sin } from '../../random/elementary.js';
import type { RandomStream } from '../../random/stream.js';
import type { ClassTraits } from './class-traits.js';

/** One value per channel, 0–255, not yet rounded. */
export type Colour = readonly number[];

/** Position and look of one figure. Lengths in pixels, angles in radians. */
export interface Scene {
  readonly traits: ClassTraits;
  readonly x: number;
  readonly y: number;
  /** Half the figure's extent. */
  readonly radius: number;
  /** Angular frequency of the stripes along x and y, and their phase at the origin. */
  readonly wave: { readonly x: number; readonly y: number; readonly phase: number };
  /** The two colours of the stripes. */
  readonly stripes: readonly [Colour, Colour];
  /** Colours of the background at the four corners of the image, row by row. */
  readonly corners: readonly [Colour, Colour, Colour, Colour];
  readonly clutter: readonly Spot[];
}

/** A plain disc that means nothing. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly colour: Colour;
}

type Between = (low: number, high: number) => number;

const SPOTS = 2;
/** Least mean distance of the two stripe colours, of 255. */
const LEAST_CONTRAST = 100;

/** Draws all that is random about one image of a class but its noise: place, size, tilt, phase, colours, clutter. */
export function drawScene(
  [height, width, channels]: readonly [number, number, number],
  traits: ClassTraits,
  stream: RandomStream,
): Scene {
  const between: Between = (low, high) => low + (high - low) * stream.uniform();
  const size = Math.min(height, width);
  const radius = size * between(0.29, 0.39);
  const bright = (): Colour => Array.from({ length: channels }, () => between(20, 235));
  const dull = (): Colour => Array.from({ length: channels }, () => between(70, 185));
  return {
    traits,
    x: between(0.9 * radius, width - 0.9 * radius) - 0.5,
    y: between(0.9 * radius, height - 0.9 * radius) - 0.5,
    radius,
    wave: drawWave(traits, between),
    stripes: contrastingColours(bright),
    corners: [dull(), dull(), dull(), dull()],
    clutter: Array.from({ length: SPOTS }, () => ({
      x: between(0, width),
      y: between(0, height),
      radius: size * between(0.05, 0.12),
      colour: bright(),
    })),
  };
}

function drawWave({ direction, wavelength }: ClassTraits, between: Between): Scene['wave'] {
  const tilted = direction + between(-0.15, 0.15);
  const frequency = (2 * Math.PI) / (wavelength * between(0.9, 1.1));
  return { x: frequency * cos(tilted), y: frequency * sin(tilted), phase: between(0, 2 * Math.PI) };
}

function contrastingColours(colour: () => Colour): readonly [Colour, Colour] {
  for (;;) {
    const [a, b] = [colour(), colour()];
    const contrast = a.reduce((sum, value, c) => sum + Math.abs(value - b[c]!), 0) / a.length;
    if (contrast > LEAST_CONTRAST) return [a, b];
  }
}
