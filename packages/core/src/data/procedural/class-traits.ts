import { SILHOUETTES, type Silhouette } from './silhouettes.js';

/** Features that distinguish a class: the figure's outline, and the direction and width of its stripes. */
export interface ClassTraits {
  /** For people, unique: `disc-60deg-3.8px`. */
  readonly name: string;
  readonly silhouette: Silhouette;
  /** Direction in which the stripes change, in radians from the x axis. */
  readonly direction: number;
  /** Distance from stripe to stripe, in pixels. */
  readonly wavelength: number;
}

const MAX_DIRECTIONS = 4;
const LEAST_WAVELENGTH = 2.5;
const MOST_WAVELENGTH = 5;

/**
 * Traits of every class: silhouettes and textures crossed, so that neither alone distinguishes classes.
 * Directions are even over half a turn; with more than four textures per silhouette, wavelengths differ too.
 */
export function classTraits(numClasses: number): readonly ClassTraits[] {
  const outlines = SILHOUETTES.slice(0, Math.min(SILHOUETTES.length, Math.ceil(Math.sqrt(numClasses))));
  const textures = Math.ceil(numClasses / outlines.length);
  const directions = Math.min(textures, MAX_DIRECTIONS);
  const wavelengths = Math.ceil(textures / directions);
  return Array.from({ length: numClasses }, (_, label) => {
    const silhouette = outlines[label % outlines.length]!;
    const texture = Math.floor(label / outlines.length);
    const degrees = (180 / directions) * (texture % directions);
    const wavelength = nthWavelength(Math.floor(texture / directions), wavelengths);
    return {
      name: `${silhouette.name}-${String(degrees)}deg-${wavelength.toFixed(1)}px`,
      silhouette,
      direction: (degrees / 180) * Math.PI,
      wavelength,
    };
  });
}

function nthWavelength(n: number, count: number): number {
  if (count === 1) return (LEAST_WAVELENGTH + MOST_WAVELENGTH) / 2;
  return LEAST_WAVELENGTH + (n * (MOST_WAVELENGTH - LEAST_WAVELENGTH)) / (count - 1);
}
