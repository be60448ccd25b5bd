import type { ModelGraph } from '../model-graph.js';

/** Input shape and classes for which a network of the zoo is built. */
export interface ZooInput {
  /** `[height, width, channels]`. */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
  /**
   * Channels (or units) of the first layers; the entry's default, or the job's value. 1 for fixed networks.
   */
  readonly width: number;
}

/** One network that users can name. */
export interface ZooEntry {
  readonly name: string;
  /** The width taken when the job names none; null for a network of fixed width. */
  readonly defaultWidth: number | null;
  readonly build: (input: ZooInput) => ModelGraph;
}
