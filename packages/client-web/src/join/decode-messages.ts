import type { Dataset } from '@espalier/core';
import type { ClassImage } from './sort-files.js';

/** Page → decoding worker: first the frame, then the images in portions, each when the one before is done. */
export type DecodeRequest =
  | {
      readonly kind: 'begin';
      readonly total: number;
      readonly classes: readonly string[];
      readonly imageShape: readonly [number, number, number];
    }
  | { readonly kind: 'images'; readonly images: readonly ClassImage[] };

/** Decoding worker → page. */
export type DecodeReport =
  | { readonly kind: 'progress'; readonly done: number }
  | {
      readonly kind: 'done';
      readonly dataset: Dataset;
      /** Paths of images that are damaged. */
      readonly broken: readonly string[];
    };
