import type { TensorShape } from '@espalier/core';

/**
 * A value of the network in C·H·W·N layout: channel, row and column of positions, each position the samples
 * of the batch side by side. A zero gap of `gapX` positions ends every row and serves as the right border of
 * its row and the left one of the next; `gapY` empty rows end every channel in the same way; one leading gap
 * precedes the first channel.
 */
export interface Tensor {
  readonly id: number;
  /** The node that gives it. */
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  gapY: number;
  gapX: number;
  /** False for the input and tensors that depend on it alone: no gradient is needed. */
  trainable: boolean;
}

/** Channels, height and width of a shape; features are channels of one position. */
export function extentsOf(shape: TensorShape): { channels: number; height: number; width: number } {
  const [height = 1, width = 1, channels = 1] = shape.length === 3 ? shape : [1, 1, shape[0]];
  return { channels, height, width };
}

/** Positions from one row to the next. */
export function pitchOf({ width, gapX }: Tensor): number {
  return width + gapX;
}

/** Positions from one channel to the next. */
export function planeOf(tensor: Tensor): number {
  return (tensor.height + tensor.gapY) * pitchOf(tensor);
}

/** Positions before the first channel's first pixel. */
export function leadOf(tensor: Tensor): number {
  return tensor.gapY * pitchOf(tensor) + tensor.gapX;
}

/** Positions in all. */
export function positionsOf(tensor: Tensor): number {
  return leadOf(tensor) + tensor.channels * planeOf(tensor);
}

/** Makes the gap at least that wide. */
export function widenGap(tensor: Tensor, gapY: number, gapX: number): void {
  tensor.gapY = Math.max(tensor.gapY, gapY);
  tensor.gapX = Math.max(tensor.gapX, gapX);
}
