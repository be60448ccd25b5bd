/** Page → worker that classifies. */
export type TryRequest =
  | { readonly kind: 'model'; readonly bundle: Uint8Array }
  | { readonly kind: 'image'; readonly bitmap: ImageBitmap };

/** What a model is. */
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
  | { readonly kind: 'model'; readonly model: TriedModel }
  | { readonly kind: 'problem'; readonly sentence: string }
  | {
      readonly kind: 'result';
      /** Of every class, in order; they add up to 1. */
      readonly probabilities: readonly number[];
      readonly milliseconds: number;
      /** What the network saw, as the job's shape has it. */
      readonly seen: Uint8ClampedArray<ArrayBuffer>;
    };
