/** A stretch of memory whose address is not yet known. */
export interface DraftBuffer {
  readonly bytes: number;
  /** First and last op that touch it. */
  first: number;
  last: number;
  /** Bytes from the arena's start; set by {@link placeBuffers}. */
  offset: number;
}

/** A place in a buffer. */
export interface At {
  readonly buffer: DraftBuffer;
  readonly bytes: number;
}

/** An argument of an op: a number, or an address that the placement will give. */
export type Argument = number | At;

/**
 * A tensor as an op walks over it: its first pixel, and the bytes from a row, a column and a channel to the next. The gaps
 * are counted in rows and in positions.
 */
export interface View {
  readonly at: Argument;
  readonly row: number;
  readonly col: number;
  readonly plane: number;
  readonly gapY: number;
  readonly gapX: number;
}

/** The view of a tensor that an op does without. */
export const NO_VIEW: View = { at: 0, row: 0, col: 0, plane: 0, gapY: 0, gapX: 0 };

/** Extents that an op walks over: channels, rows and columns of positions, and the bytes of a position. */
export interface Extents {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly posBytes: number;
}

/** The scale and the shift of a batch norm, and its epsilon. */
export interface Affine {
  readonly gamma: number;
  readonly beta: number;
  readonly epsilon: number;
}

/** A batch norm's block, its scale, and where the gradients of scale and shift are added. */
export interface NormGradient {
  readonly at: number;
  readonly gamma: number;
  readonly gammaGrad: number;
  readonly betaGrad: number;
}

/** In which order a sparse convolution goes over its output. */
export interface Tiling {
  /** Output rows at a time. */
  readonly stripe: number;
  /** Bytes of each at a time; 0 for all. */
  readonly chunk: number;
  /** Tables of where each row's part of a block begins, `blockStep` bytes apart. */
  readonly blockPtr: number;
  readonly blockStep: number;
  readonly blocks: number;
}

/** Settings by which a layer runs the join written just before it, in its own stripes. */
export interface Pipeline {
  readonly pipelined: 0 | 1;
  /** Input rows from one output row to the next, and those read beyond. */
  readonly stride: number;
  readonly ahead: number;
}

/** Extents and windows of a pooling step; kind 0 takes the maximum, 1 the average. */
export interface Pooling {
  readonly kind: 0 | 1;
  readonly channels: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly windowY: number;
  readonly windowX: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly posBytes: number;
}
