import type { Dataset } from '@espalier/core';
import type { FoundFile } from './sort-files.js';

/** Target format of images. */
export interface ImageFrame {
  readonly classes: readonly string[];
  readonly imageShape: readonly [number, number, number];
}

/**
 * Page → image worker: the frame, then either handles to look through or found files in portions, `listed` after the
 * last.
 */
export type ImageRequest =
  | { readonly kind: 'begin'; readonly frame: ImageFrame }
  | { readonly kind: 'handles'; readonly handles: readonly FileSystemHandle[] }
  | { readonly kind: 'files'; readonly files: readonly FoundFile[] }
  | { readonly kind: 'listed' }
  /** Images that lie in no folder all show that class. */
  | { readonly kind: 'loose'; readonly label: number };

/** Image worker → page. Files stay in the worker: thousands of them would hold the page up. */
export type ImageReport =
  | {
      readonly kind: 'sorted';
      /** Remarks about images that were left out, a sentence each. */
      readonly remarks: readonly string[];
      /** Images about to be decoded. */
      readonly images: number;
      /** Images in no folder, which wait for `loose`. */
      readonly loose: number;
    }
  /** The folder could not be read. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'done';
      readonly dataset: Dataset;
      /** Paths of images that are damaged. */
      readonly broken: readonly string[];
    };
