/** An outline in a frame of its own, of radius about 1 around the origin. */
export interface Silhouette {
  readonly name: string;
  /** True when the point lies inside. */
  readonly contains: (u: number, v: number) => boolean;
}

/** Outlines of about equal area; squares of coordinates only, so that every engine draws the same. */
export const SILHOUETTES: readonly Silhouette[] = [
  { name: 'disc', contains: (u, v) => u * u + v * v < 0.9 },
  { name: 'cross', contains: (u, v) => Math.min(Math.abs(u), Math.abs(v)) < 0.4 && largest(u, v) < 1.15 },
  { name: 'frame', contains: (u, v) => largest(u, v) < 1.05 && largest(u, v) > 0.5 },
  { name: 'wedge', contains: (u, v) => v > -0.9 && v < 0.9 && Math.abs(u) < 0.65 * (v + 0.95) },
  { name: 'bars', contains: (u, v) => Math.abs(u) < 1.1 && Math.abs(v) > 0.3 && Math.abs(v) < 1.05 },
];

function largest(u: number, v: number): number {
  return Math.max(Math.abs(u), Math.abs(v));
}
