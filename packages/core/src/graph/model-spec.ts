/**
 * Network to build. `width` scales the channels of those that have the option; null takes the network's
 * default.
 */
export interface ModelSpec {
  readonly name: string;
  readonly width: number | null;
}

/** A network of the user's own: a Keras/tfjs LayersModel. */
export interface ModelFile {
  /** Path of `model.json`, as the coordinator finds it; clients are sent the graph. */
  readonly file: string;
  /** Start from the file's weights, or draw new ones. */
  readonly weights: 'keep' | 'fresh';
}
