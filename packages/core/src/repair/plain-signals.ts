import type { PlainOpKind } from '../graph/plain-ops.js';
import type { TensorShape } from '../graph/model-graph.js';
import { sizeOf } from '../graph/shapes.js';
import type { Activations } from './activations.js';
import { sumOf, transformed } from './distribution.js';
import { relu6Series, reluSeries } from './gaussian.js';
import { joined, lifted, type AnalyticSignal } from './plain-moments.js';
import type { SignalTurn } from './signals.js';

/** An op without attributes on images that run through it, and on moments. */
export interface PlainSignals {
  /** The values of its output, of that shape, in inference. */
  readonly values: (inputs: readonly Activations[], shape: TensorShape) => Float32Array;
  /** The moments of its output; null if they cannot be derived. */
  readonly moments: (turn: SignalTurn<AnalyticSignal>) => AnalyticSignal;
}

const NOTHING = new Float32Array(0);

/** Every op without attributes. */
export const PLAIN_SIGNALS: Readonly<Record<PlainOpKind, PlainSignals>> = {
  relu: {
    values: each((value) => Math.max(value, 0)),
    moments: ({ inputs: [x = null] }) => x && transformed(x, reluSeries),
  },
  relu6: {
    values: each((value) => Math.min(Math.max(value, 0), 6)),
    moments: ({ inputs: [x = null] }) => x && transformed(x, relu6Series),
  },
  add: {
    values: (inputs) => {
      const [first, ...others] = inputs.map(({ values }) => values);
      return first?.map((value, i) => others.reduce((sum, other) => sum + (other[i] ?? 0), value)) ?? NOTHING;
    },
    moments: ({ inputs }) => (inputs.every((input) => input !== null) ? sumOf(inputs) : null),
  },
  concat: { values: sideBySide, moments: joined },
  globalAvgPool: {
    values: pooled((pixels) => pixels.reduce((sum, value) => Math.fround(sum + value), 0) / pixels.length),
    moments: unchanged,
  },
  globalMaxPool: {
    values: pooled((pixels) => pixels.reduce((most, value) => Math.max(most, value), -Infinity)),
    moments: ({ inputs: [x = null] }) => x && lifted(x),
  },
  flatten: { values: each((value) => value), moments: unchanged },
};

function unchanged({ inputs: [x = null] }: SignalTurn<AnalyticSignal>): AnalyticSignal {
  return x;
}

function each(change: (value: number) => number): PlainSignals['values'] {
  return ([x]) => x?.values.map(change) ?? NOTHING;
}

/** One number a sample and channel, from its pixels in row-major order. */
function pooled(reduce: (pixels: Float32Array) => number): PlainSignals['values'] {
  return ([x]) => {
    if (x === undefined) return NOTHING;
    const channels = x.shape.at(-1) ?? 0;
    const pixels = new Float32Array(sizeOf(x.shape) / channels);
    return Float32Array.from({ length: x.size * channels }, (_, i) => {
      const first = Math.floor(i / channels) * pixels.length * channels + (i % channels);
      return reduce(pixels.map((_value, p) => x.values[first + p * channels] ?? 0));
    });
  };
}

function sideBySide(inputs: readonly Activations[], shape: TensorShape): Float32Array {
  const width = shape.at(-1) ?? 0;
  const output = new Float32Array((inputs[0]?.size ?? 0) * sizeOf(shape));
  let at = 0;
  for (const { values, shape: part } of inputs) {
    const own = part.at(-1) ?? 0;
    for (let row = 0; row * own < values.length; row++)
      output.set(values.subarray(row * own, (row + 1) * own), row * width + at);
    at += own;
  }
  return output;
}
