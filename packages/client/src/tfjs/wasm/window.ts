import { backend_util, type NamedAttrMap } from '@tensorflow/tfjs-core';
import type { KernelCall } from './heap-backend.js';

/** Position of the windows of a convolution or pooling, in pixels. */
export interface Window {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly top: number;
  readonly left: number;
}

/** Reads a convolution's attributes as tfjs's own kernels do. */
export function windowOf(
  { attrs = {} }: KernelCall,
  inputShape: readonly number[],
  filterShape: readonly number[],
  depthwise = false,
): Window {
  const { strides, pad } = placement(attrs);
  return windowFrom(
    backend_util.computeConv2DInfo(
      four(inputShape),
      four(filterShape),
      strides,
      1,
      pad,
      undefined,
      depthwise,
    ),
  );
}

/** Reads a pooling's attributes as tfjs's own kernels do. */
export function poolWindowOf({ attrs = {} }: KernelCall, inputShape: readonly number[]): Window {
  const { strides, pad } = placement(attrs);
  const filterSize = attrs['filterSize'] as [number, number];
  return windowFrom(backend_util.computePool2DInfo(four(inputShape), filterSize, strides, 1, pad));
}

function placement(attrs: NamedAttrMap): {
  strides: [number, number];
  pad: 'valid' | 'same' | backend_util.ExplicitPadding;
} {
  return {
    strides: attrs['strides'] as [number, number],
    pad: attrs['pad'] as 'valid' | 'same' | backend_util.ExplicitPadding,
  };
}

function four(shape: readonly number[]): [number, number, number, number] {
  return [...shape] as [number, number, number, number];
}

function windowFrom(info: backend_util.Conv2DInfo): Window {
  return {
    batch: info.batchSize,
    height: info.inHeight,
    width: info.inWidth,
    channels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    filters: info.outChannels,
    kernelHeight: info.filterHeight,
    kernelWidth: info.filterWidth,
    strideY: info.strideHeight,
    strideX: info.strideWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}
