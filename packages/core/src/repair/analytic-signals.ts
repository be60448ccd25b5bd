import { unreachable } from '../errors.js';
import { isPlain, type Conv2dNode, type Size2 } from '../graph/model-graph.js';
import { affine, deviations, type Distribution } from './distribution.js';
import { convolvedMoments } from './convolved-moments.js';
import { lifted, type AnalyticSignal } from './plain-moments.js';
import { PLAIN_SIGNALS } from './plain-signals.js';
import type { NodeSide, Signals, SignalTurn } from './signals.js';

/**
 * Correlation of an activation with its neighbour's, one pixel on. Images are smooth, and so are the
 * activations computed from them.
 */
const NEIGHBOUR_CORRELATION = 0.5;

/**
 * Moments that follow from weights and batch-norm statistics alone. A batch norm's output has mean β and deviation |γ|;
 * correlations are those of the filters under inputs of the moments computed so far; ReLU acts on jointly normal
 * variables; the branches of an addition are independent. No data, no random numbers.
 */
export const analyticSignals: Signals<AnalyticSignal> = {
  next(turn) {
    const { node } = turn.original;
    const [first = null] = turn.inputs;
    if (isPlain(node)) return PLAIN_SIGNALS[node.op].moments(turn);
    switch (node.op) {
      case 'input':
        return standardInput(turn);
      case 'conv2d':
        return first && convolved(node, turn, first);
      case 'dense':
        return first && convolved(null, turn, first);
      case 'batchNorm':
        return first && normalised(turn, first);
      case 'maxPool':
        return first && lifted(first);
      case 'avgPool':
        return first;
      default:
        return unreachable(node);
    }
  },
  distribution: (signal) => signal,
  marginals: (signal) =>
    signal && { mean: signal.mean, variance: deviations(signal).map((value) => value * value) },
};

/** Normalised pixels: mean 0, variance 1, colours strongly correlated; the changed network sees the same. */
function standardInput({ keptOutputs }: SignalTurn<AnalyticSignal>): Distribution {
  const n = 2 * keptOutputs.length;
  const half = keptOutputs.length;
  const covariance = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n) % half, (at % n) % half];
    return i === j ? 1 : 0.9;
  });
  return { mean: new Float64Array(n), covariance };
}

function convolved(
  node: Conv2dNode | null,
  turn: SignalTurn<AnalyticSignal>,
  input: Distribution,
): Distribution {
  const { original, changed, keptInputs, keptOutputs } = turn;
  // A dense layer behind flatten sees a channel once per pixel; their distance is not known.
  const taps: Size2 = node?.kernelSize ?? [1, 1];
  const near = (a: number, b: number): number => {
    if (a === b) return 1;
    if (node === null) return NEIGHBOUR_CORRELATION ** 2;
    const distance =
      Math.abs(Math.floor(a / taps[1]) - Math.floor(b / taps[1])) + Math.abs((a % taps[1]) - (b % taps[1]));
    return NEIGHBOUR_CORRELATION ** distance;
  };
  return convolvedMoments({
    input,
    sides: [original, changed],
    keptInputs,
    keptOutputs,
    groups: node?.groups ?? 1,
    correlation: near,
  });
}

/**
 * Mean and variance come from the running statistics, which are exact; the moments so far give the
 * correlations between channels.
 */
function normalised(
  { original, changed, keptOutputs }: SignalTurn<AnalyticSignal>,
  input: Distribution,
): Distribution {
  const width = original.inputWidths[0] ?? 0;
  const n = input.mean.length;
  const scale = new Float64Array(n);
  const shift = new Float64Array(n);
  const set = (at: number, channel: number, side: NodeSide, own: number): void => {
    const known = Math.max(1e-12, input.covariance[channel * n + channel] ?? 0);
    const { gamma, beta, variance } = side.numbers;
    const real = original.numbers.variance?.[channel] ?? 0;
    const factor =
      Math.sqrt(real / known) * ((gamma?.[own] ?? 0) / Math.sqrt((variance?.[own] ?? 0) + epsilonOf(side)));
    scale[at] = factor;
    shift[at] = (beta?.[own] ?? 0) - factor * (input.mean[at] ?? 0);
  };
  for (let i = 0; i < width; i++) set(i, i, original, i);
  keptOutputs.forEach((channel, own) => {
    set(width + own, channel, changed, own);
  });
  return affine(input, scale, shift);
}

function epsilonOf({ node }: NodeSide): number {
  return node.op === 'batchNorm' ? node.epsilon : 0;
}
