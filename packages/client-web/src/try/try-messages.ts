/** Page → worker that classifies. A model comes as the chunks that follow its announcement, the last one null. */
export type TryRequest =
  | { readonly kind: 'model' }
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array | null }
  | { readonly kind: 'image'; readonly bitmap: ImageBitmap };

/** Facts about a model. */
export interface TriedModel {
  readonly name: string;
  readonly classes: readonly string[];
  readonly imageShape: readonly [number, number, number];
  readonly density: number;
  readonly parameters: number;
  readonly activeParameters: number;
  /** Bytes of the file, and of the dense network's values and moments. */
  readonly bytes: number;
  readonly denseBytes: number;
}

/** Worker → page. */
export type TryReport =
  /** Number of bytes of the model that have arrived. */
  | { readonly kind: 'arrived'; readonly bytes: number }
  | { readonly kind: 'model'; readonly model: TriedModel }
  | { readonly kind: 'problem'; readonly sentence: string }
  | {
      readonly kind: 'result';
      /** Probability of every class, in order; they add up to 1. */
      readonly probabilities: readonly number[];
      readonly milliseconds: number;
      /** Image as the network saw it, in the job's shape. */
      readonly seen: Uint8ClampedArray<ArrayBuffer>;
    };
