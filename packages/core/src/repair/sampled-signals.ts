import type { Distribution } from './distribution.js';
import type { Activations } from './activations.js';
import { forwardNode } from './forward-node.js';
import type { Marginals, NodeSide, Signals, SignalTurn } from './signals.js';

/** A node's output for some images in both networks. */
export interface SampledSignal {
  readonly original: Activations;
  readonly changed: Activations;
}

/**
 * Moments measured on images that run through both networks side by side (OBSPA's Hessian of inputs, in channels;
 * Wang et al., "Structurally Prune Anything", 2024): errors made so far are in them. Memory and time are those of a
 * plain forward pass, twice.
 * @param images normalised values, `[size, ...input shape]`
 */
export function sampledSignals(images: Float32Array, size: number): Signals<SampledSignal> {
  return {
    next(turn) {
      if (turn.original.node.op === 'input') {
        const input = { shape: turn.original.node.shape, size, values: images };
        return { original: input, changed: input };
      }
      return { original: run(turn, turn.original, 'original'), changed: run(turn, turn.changed, 'changed') };
    },
    distribution: ({ original, changed }) => momentsOf(original, changed),
    marginals: ({ original, changed }) => {
      const parts = [marginalsOf(original), marginalsOf(changed)];
      return {
        mean: beside(parts.map(({ mean }) => mean)),
        variance: beside(parts.map(({ variance }) => variance)),
      };
    },
  };
}

function run(
  turn: SignalTurn<SampledSignal>,
  { node, numbers }: NodeSide,
  which: keyof SampledSignal,
): Activations {
  const shape = which === 'original' ? turn.shape : turn.changedShape;
  return forwardNode({ node, numbers, inputs: turn.inputs.map((signal) => signal[which]), shape });
}

function marginalsOf({ values, shape }: Activations): Marginals {
  const channels = shape.at(-1) ?? 1;
  const rows = values.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  for (let i = 0; i < values.length; i++)
    mean[i % channels] = (mean[i % channels] ?? 0) + (values[i] ?? 0) / rows;
  for (let i = 0; i < values.length; i++)
    variance[i % channels] =
      (variance[i % channels] ?? 0) + ((values[i] ?? 0) - (mean[i % channels] ?? 0)) ** 2 / rows;
  return { mean, variance };
}

function beside(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]));
}

/** Flattened images may have more features than a covariance matrix has room for. */
const MOST_CHANNELS = 8192;

function momentsOf(original: Activations, changed: Activations): Distribution | null {
  const [first, second] = [original.shape.at(-1) ?? 1, changed.shape.at(-1) ?? 1];
  if (first + second > MOST_CHANNELS) return null;
  const rows = original.values.length / first;
  const n = first + second;
  const mean = new Float64Array(n);
  const covariance = new Float64Array(n * n);
  const row = new Float64Array(n);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < first; i++) row[i] = original.values[r * first + i] ?? 0;
    for (let i = 0; i < second; i++) row[first + i] = changed.values[r * second + i] ?? 0;
    for (let i = 0; i < n; i++) {
      const value = row[i] ?? 0;
      if (value === 0) continue;
      mean[i] = (mean[i] ?? 0) + value;
      for (let j = 0; j <= i; j++)
        covariance[i * n + j] = (covariance[i * n + j] ?? 0) + value * (row[j] ?? 0);
    }
  }
  for (let i = 0; i < n; i++) mean[i] = (mean[i] ?? 0) / rows;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = (covariance[i * n + j] ?? 0) / rows - (mean[i] ?? 0) * (mean[j] ?? 0);
      covariance[i * n + j] = value;
      covariance[j * n + i] = value;
    }
  }
  return { mean, covariance };
}
