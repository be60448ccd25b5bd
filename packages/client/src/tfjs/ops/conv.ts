import type { ExplicitPadding, Size2 } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { hasKernel, runKernel } from '../tensors.js';
import { tfPadding } from './padding.js';

/** Shapes of a convolution, without the batch. */
export interface ConvGeometry {
  readonly inputShape: readonly [number, number, number];
  /** `[kh, kw, inChannels / groups, filters]`. */
  readonly filterShape: readonly [number, number, number, number];
  readonly strides: Size2;
  readonly padding: ExplicitPadding;
  readonly groups: number;
}

/** Kernel name: as `Conv2DBackpropInput`, for backends where that is slow. */
export const CONV_INPUT_GRADIENT = 'EspalierConvInputGradient';

/** Cross-correlation of `[n, h, w, c]`. */
export function convForward(x: tf.Tensor, filter: tf.Tensor, geometry: ConvGeometry): tf.Tensor {
  const { groups, strides } = geometry;
  if (isDepthwise(geometry)) {
    return tf.depthwiseConv2d(
      images(x),
      depthwiseFilter(filter, geometry),
      [...strides],
      tfPadding(geometry.padding),
    );
  }
  if (groups > 1) {
    const parts = zipGroups(geometry, x, filter, (xPart, part) =>
      convForward(xPart, part, oneGroup(geometry)),
    );
    return tf.concat(parts, 3);
  }
  return tf.conv2d(images(x), images(filter), [...strides], tfPadding(geometry.padding));
}

/** Gradient of {@link convForward} with respect to the filter. */
export function convFilterGradient(x: tf.Tensor, dy: tf.Tensor, geometry: ConvGeometry): tf.Tensor {
  if (isDepthwise(geometry)) return depthwiseFilterGradient(x, dy, geometry);
  if (geometry.groups > 1) {
    const parts = zipGroups(geometry, x, dy, (xPart, dyPart) =>
      convFilterGradient(xPart, dyPart, oneGroup(geometry)),
    );
    return tf.concat(parts, 3);
  }
  const { input, pad } = padded(x, geometry);
  return runKernel(
    'Conv2DBackpropFilter',
    { x: input, dy },
    { ...attributes(geometry, pad), filterShape: [...geometry.filterShape] },
  );
}

/** Gradient of {@link convForward} with respect to its input. */
export function convInputGradient(dy: tf.Tensor, filter: tf.Tensor, geometry: ConvGeometry): tf.Tensor {
  if (isDepthwise(geometry)) return depthwiseInputGradient(dy, filter, geometry);
  if (geometry.groups > 1) {
    const parts = zipGroups(geometry, dy, filter, (dyPart, part) =>
      convInputGradient(dyPart, part, oneGroup(geometry)),
    );
    return tf.concat(parts, 3);
  }
  const kernel = hasKernel(CONV_INPUT_GRADIENT) ? CONV_INPUT_GRADIENT : 'Conv2DBackpropInput';
  return cropped(dy, geometry, (inputShape, pad) =>
    runKernel(kernel, { dy, filter }, { ...attributes(geometry, pad), inputShape }),
  );
}

function depthwiseFilterGradient(x: tf.Tensor, dy: tf.Tensor, geometry: ConvGeometry): tf.Tensor {
  const { input, pad } = padded(x, geometry);
  const filterShape = depthwiseShape(geometry);
  const gradient = runKernel(
    'DepthwiseConv2dNativeBackpropFilter',
    { x: input, dy },
    {
      ...attributes(geometry, pad),
      dilations: [1, 1],
      filterShape,
    },
  );
  return tf.reshape(gradient, [...geometry.filterShape]);
}

function depthwiseInputGradient(dy: tf.Tensor, filter: tf.Tensor, geometry: ConvGeometry): tf.Tensor {
  return cropped(dy, geometry, (inputShape, pad) =>
    runKernel(
      'DepthwiseConv2dNativeBackpropInput',
      { dy, filter: depthwiseFilter(filter, geometry) },
      { ...attributes(geometry, pad), dilations: [1, 1], inputShape },
    ),
  );
}

/** Some native backends take no explicit padding in backward kernels; a padded copy asks nothing special of any. */
function padded(x: tf.Tensor, { padding }: ConvGeometry): { input: tf.Tensor; pad: 'valid' | PadAttribute } {
  const pad = tfPadding(padding);
  if (pad === 'valid' || takesExplicitPadding()) return { input: x, pad };
  return { input: tf.pad(x, pad), pad: 'valid' };
}

function cropped(
  dy: tf.Tensor,
  { inputShape, padding }: ConvGeometry,
  run: (inputShape: number[], pad: 'valid' | PadAttribute) => tf.Tensor,
): tf.Tensor {
  const batch = dy.shape[0];
  const pad = tfPadding(padding);
  if (pad === 'valid' || takesExplicitPadding()) return run([batch, ...inputShape], pad);
  const { top, bottom, left, right } = padding;
  const [height, width, channels] = inputShape;
  const whole = run([batch, height + top + bottom, width + left + right, channels], 'valid');
  return tf.slice(whole, [0, top, left, 0], [batch, height, width, channels]);
}

type PadAttribute = number[][];

/** Our own wasm kernels do. */
function takesExplicitPadding(): boolean {
  return hasKernel(CONV_INPUT_GRADIENT);
}

function attributes({ strides }: ConvGeometry, pad: 'valid' | PadAttribute): tf.NamedAttrMap {
  return { strides: [...strides], pad, dataFormat: 'NHWC' };
}

function isDepthwise({ groups, inputShape }: ConvGeometry): boolean {
  return groups > 1 && groups === inputShape[2];
}

function depthwiseShape({ filterShape, groups }: ConvGeometry): [number, number, number, number] {
  const [height, width, , filters] = filterShape;
  return [height, width, groups, filters / groups];
}

/** Output channel `g·multiplier + m` of a depthwise filter is filter `m` of group `g`, so only the shape changes. */
function depthwiseFilter(filter: tf.Tensor, geometry: ConvGeometry): tf.Tensor4D {
  return tf.reshape(filter, depthwiseShape(geometry));
}

function oneGroup({ inputShape, filterShape, groups, ...rest }: ConvGeometry): ConvGeometry {
  const [height, width, channels] = inputShape;
  const [kernelHeight, kernelWidth, depth, filters] = filterShape;
  return {
    ...rest,
    groups: 1,
    inputShape: [height, width, channels / groups],
    filterShape: [kernelHeight, kernelWidth, depth, filters / groups],
  };
}

function zipGroups(
  { groups }: ConvGeometry,
  a: tf.Tensor,
  b: tf.Tensor,
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): tf.Tensor[] {
  const parts = tf.split(b, groups, 3);
  return tf.split(a, groups, 3).map((part, i) => run(part, parts[i]!));
}

function images(x: tf.Tensor): tf.Tensor4D {
  return x as tf.Tensor4D;
}
