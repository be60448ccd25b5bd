import type { Mask } from './mask.js';

/** Names a mask without carrying it. */
export interface MaskReference {
  readonly version: number;
  readonly hash: string;
}

/** Step from the mask that the receiver has to the one it needs. */
export type MaskUpdate =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'full'; readonly mask: Mask }
  | {
      readonly kind: 'delta';
      /** Hash of the mask it applies to. */
      readonly parent: string;
      /** Only layers that changed. */
      readonly layers: readonly MaskDeltaLayer[];
    };

/** Flat indices that leave and enter one layer's mask, ascending. */
export interface MaskDeltaLayer {
  readonly name: string;
  readonly dropped: Uint32Array;
  readonly grown: Uint32Array;
}

/** A mask that a client made of the one it received. */
export interface OwnMask {
  /** Hash of the result, so that both ends mean the same mask. */
  readonly hash: string;
  /** Changed layers only, in the graph's order; as many weights come as go. */
  readonly layers: readonly MaskDeltaLayer[];
}
