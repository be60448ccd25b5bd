import type { Dataset } from '@espalier/core';
import type { ClassImage } from './sort-files.js';

/** Page → decoding worker. */
export interface DecodeRequest {
  readonly images: readonly ClassImage[];
  readonly classes: readonly string[];
  readonly imageShape: readonly [number, number, number];
}

/** Decoding worker → page. */
export type DecodeReport =
  | { readonly kind: 'progress'; readonly done: number }
  | {
      readonly kind: 'done';
      readonly dataset: Dataset;
      /** Paths of images that are damaged. */
      readonly broken: readonly string[];
    };
