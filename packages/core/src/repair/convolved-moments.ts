import { addScaled } from '../vectors/add-scaled.js';
import type { Distribution } from './distribution.js';
import type { NodeSide } from './signals.js';

/** A layer with kernels over channels of known moments. */
export interface ConvolvedOptions {
  /** Both networks' input channels: the original's, then the changed one's. */
  readonly input: Distribution;
  /** The original and the changed layer. */
  readonly sides: readonly [NodeSide, NodeSide];
  /**
   * Positions of the changed layer's input channels among the original's (or of their pixels, after flatten).
   */
  readonly keptInputs: Uint32Array;
  /** Positions of the changed layer's filters among the original's. */
  readonly keptOutputs: Uint32Array;
  readonly groups: number;
  /** Correlation of one channel's values under two taps. */
  readonly correlation: (a: number, b: number) => number;
}

/** Moments of the filters' outputs, the original's and the changed ones' side by side: Σ_tt' κ(t, t') W_tᵀ C W_t'. */
export function convolvedMoments(options: ConvolvedOptions): Distribution {
  const { input, sides, keptInputs, groups } = options;
  const [original, changed] = sides;
  const before = original.inputWidths[0] ?? 0;
  const total = input.mean.length;
  // Behind flatten the layer reads a row per pixel and the distribution has one per channel.
  const pixels = Math.max(1, Math.round((before + (changed.inputWidths[0] ?? 0)) / total));
  const channels = before / pixels;
  const left = keptInputs.filter((position) => position < channels).length;
  const first = spread(original, { total, start: 0, channels, groups });
  const second = spread(changed, { total, start: channels, channels: left, groups: groupsOf(changed) });
  const mean = new Float64Array(first.filters + second.filters);
  mean.set(means(first, original, input.mean));
  mean.set(means(second, changed, input.mean), first.filters);
  const isWide = Math.max(mean.length, total) > WIDEST;
  const gram = isWide ? diagonalGram : gramOf;
  return { mean, covariance: gram([first, second], input.covariance, options) };
}

/** Layers with more channels, both networks' together, count their channels as uncorrelated: the time grows cubically. */
const WIDEST = 600;

/** Input variables that a layer reads, and its number of groups. */
interface Layout {
  /** Both networks' channels. */
  readonly total: number;
  readonly start: number;
  readonly channels: number;
  readonly groups: number;
}

/** A layer's filters over the channels it reads. */
interface Filters {
  readonly taps: number;
  readonly filters: number;
  readonly total: number;
  readonly start: number;
  readonly channels: number;
  /** `[tap][channel][filter]`, or `[tap][filter]` where every filter reads one channel. */
  readonly values: Float32Array;
  readonly channelOf: Uint32Array | null;
}

function groupsOf({ node }: NodeSide): number {
  return node.op === 'conv2d' ? node.groups : 1;
}

function spread(side: NodeSide, { total, start, channels, groups }: Layout): Filters {
  const { kernel = new Float32Array(0) } = side.numbers;
  const filters = filtersOf(side);
  const depth = channels / groups;
  const taps = kernel.length / (depth * filters);
  const perGroup = filters / groups;
  const layout = { taps, filters, total, start, channels };
  if (groups === 1) return { ...layout, values: kernel, channelOf: null };
  if (depth === 1) {
    const channelOf = Uint32Array.from({ length: filters }, (_, f) => start + Math.floor(f / perGroup));
    return { ...layout, values: kernel, channelOf };
  }
  const values = new Float32Array(taps * channels * filters);
  for (let row = 0; row < taps * depth; row++) {
    const [tap, place] = [Math.floor(row / depth), row % depth];
    for (let f = 0; f < filters; f++) {
      const channel = Math.floor(f / perGroup) * depth + place;
      values[(tap * channels + channel) * filters + f] = kernel[row * filters + f] ?? 0;
    }
  }
  return { ...layout, values, channelOf: null };
}

function filtersOf({ node }: NodeSide): number {
  if (node.op === 'conv2d') return node.filters;
  return node.op === 'dense' ? node.units : 0;
}

/** Mean of every filter's output, ignoring zero padding. */
function means(
  { taps, filters, start, channels, values, channelOf }: Filters,
  side: NodeSide,
  input: Float64Array,
): Float64Array {
  const mean = Float64Array.from({ length: filters }, (_, f) => side.numbers.bias?.[f] ?? 0);
  for (let tap = 0; tap < taps; tap++) {
    if (channelOf) {
      for (let f = 0; f < filters; f++)
        mean[f] = (mean[f] ?? 0) + (values[tap * filters + f] ?? 0) * (input[channelOf[f] ?? 0] ?? 0);
      continue;
    }
    for (let c = 0; c < channels; c++) {
      const from = (tap * channels + c) * filters;
      addScaled(mean, values.subarray(from, from + filters), input[start + c] ?? 0);
    }
  }
  return mean;
}

function gramOf(
  sides: readonly [Filters, Filters],
  covariance: Float64Array,
  { correlation }: ConvolvedOptions,
): Float64Array {
  const [first, second] = sides;
  const n = first.filters + second.filters;
  const gram = new Float64Array(n * n);
  for (let tap = 0; tap < first.taps; tap++) {
    const parts = tapParts(sides, tap, correlation);
    if (first.channelOf && second.channelOf) addDepthwise(gram, covariance, parts);
    else addWhole(gram, covariance, parts);
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) gram[j * n + i] = gram[i * n + j] ?? 0;
  return gram;
}

/** One network's filters under one tap. */
interface TapPart {
  readonly side: Filters;
  /** Position of its first filter among those of both. */
  readonly offset: number;
  readonly here: Float64Array;
  /** Filters of all taps, each weighted by the correlation of its inputs with this one's. */
  readonly near: Float64Array;
}

function tapParts(
  sides: readonly [Filters, Filters],
  tap: number,
  correlation: ConvolvedOptions['correlation'],
): readonly TapPart[] {
  return sides.map((side, s) => ({
    side,
    offset: s === 0 ? 0 : sides[0].filters,
    here: tapOf(side, (other) => (other === tap ? 1 : 0)),
    near: tapOf(side, (other) => correlation(tap, other)),
  }));
}

/**
 * Variances, and the covariance of every filter with its changed version; the inputs count as uncorrelated
 * too.
 */
function diagonalGram(
  sides: readonly [Filters, Filters],
  covariance: Float64Array,
  { correlation, keptOutputs }: ConvolvedOptions,
): Float64Array {
  const [first, second] = sides;
  const n = first.filters + second.filters;
  const gram = new Float64Array(n * n);
  const varianceAt = (i: number): number => gram[i * (n + 1)] ?? 0;
  for (let tap = 0; tap < first.taps; tap++) {
    for (const { side, offset, here, near } of tapParts(sides, tap, correlation)) {
      eachRow(side, covariance, (from, variance, f) => {
        const product = variance * (near[from + f] ?? 0) * (here[from + f] ?? 0);
        gram[(offset + f) * (n + 1)] = varianceAt(offset + f) + product;
      });
    }
  }
  // A changed filter is assumed to be as similar to the original as their inputs allow.
  for (const [own, channel] of keptOutputs.entries()) {
    const at = first.filters + own;
    const both = Math.sqrt(varianceAt(channel) * varianceAt(at));
    const like = likeness(sides, channel, own);
    gram[channel * n + at] = like * both;
    gram[at * n + channel] = like * both;
  }
  return gram;
}

/** Calls `add` with the start of every row of a tap, its input's variance and every filter. */
function eachRow(
  { filters, total, start, channels, channelOf }: Filters,
  covariance: Float64Array,
  add: (from: number, variance: number, filter: number) => void,
): void {
  if (channelOf) {
    for (let f = 0; f < filters; f++) add(0, covariance[(channelOf[f] ?? 0) * (total + 1)] ?? 0, f);
    return;
  }
  for (let c = 0; c < channels; c++) {
    const variance = covariance[(start + c) * (total + 1)] ?? 0;
    for (let f = 0; f < filters; f++) add(c * filters, variance, f);
  }
}

/** Cosine of a filter with its changed version if both read the same channels; otherwise 1. */
function likeness([first, second]: readonly [Filters, Filters], channel: number, own: number): number {
  if (first.channels !== second.channels) return 1;
  let [product, a, b] = [0, 0, 0];
  for (let row = 0; row * first.filters < first.values.length; row++) {
    const x = first.values[row * first.filters + channel] ?? 0;
    const y = second.values[row * second.filters + own] ?? 0;
    product += x * y;
    a += x * x;
    b += y * y;
  }
  return a === 0 || b === 0 ? 1 : product / Math.sqrt(a * b);
}

/** Σ_t' weight(t') · W_t'. */
function tapOf({ taps, values }: Filters, weight: (tap: number) => number): Float64Array {
  const size = values.length / taps;
  const sum = new Float64Array(size);
  for (let tap = 0; tap < taps; tap++) {
    const share = weight(tap);
    if (share === 0) continue;
    addScaled(sum, values.subarray(tap * size, (tap + 1) * size), share);
  }
  return sum;
}

/** Input channels that are worked on together, so that sums in memory are touched once for all of them. */
const TOGETHER = 4;

/** Adds the lower triangle of Zᵀ C Y, where either network's filters read their own channels. */
function addWhole(gram: Float64Array, covariance: Float64Array, parts: readonly TapPart[]): void {
  const n = Math.sqrt(gram.length);
  const rows = fourOf(() => new Float64Array(n));
  for (const { side, offset, near } of parts) {
    const { start, channels, filters, total } = side;
    for (let d = 0; d < channels; d += TOGETHER) {
      const count = Math.min(TOGETHER, channels - d);
      for (const [k, row] of rows.entries()) {
        row.fill(0);
        if (k < count) writeRow(row, covariance.subarray((start + d + k) * total), parts);
      }
      for (let i = 0; i < filters; i++) {
        const weightAt = (k: number): number => (k < count ? (near[(d + k) * filters + i] ?? 0) : 0);
        const end = offset + i;
        addRows(gram.subarray(end * n, end * n + end + 1), rows, fourOf(weightAt));
      }
    }
  }
}

type Four<Value> = readonly [Value, Value, Value, Value];

function fourOf<Value>(make: (k: number) => Value): Four<Value> {
  return [make(0), make(1), make(2), make(3)];
}

function addRows(sums: Float64Array, rows: Four<Float64Array>, [p, q, r, s]: Four<number>): void {
  if (p === 0 && q === 0 && r === 0 && s === 0) return;
  const [a, b, c, d] = rows;
  for (let j = 0; j < sums.length; j++) {
    sums[j] = (sums[j] ?? 0) + p * (a[j] ?? 0) + q * (b[j] ?? 0) + r * (c[j] ?? 0) + s * (d[j] ?? 0);
  }
}

/** Covariances of one input channel, `covariance`, with every filter of both networks under one tap. */
function writeRow(row: Float64Array, covariance: Float64Array, parts: readonly TapPart[]): void {
  for (const { side, offset, here } of parts) {
    const { start, channels, filters } = side;
    const to = row.subarray(offset, offset + filters);
    const filtersOn = (d: number): Float64Array => here.subarray(d * filters, (d + 1) * filters);
    const shareOf = (d: number): number => covariance[start + d] ?? 0;
    let d = 0;
    for (; d + TOGETHER <= channels; d += TOGETHER) {
      const from = d;
      addRows(
        to,
        fourOf((k) => filtersOn(from + k)),
        fourOf((k) => shareOf(from + k)),
      );
    }
    for (; d < channels; d++) addScaled(to, filtersOn(d), shareOf(d));
  }
}

function addDepthwise(gram: Float64Array, covariance: Float64Array, parts: readonly TapPart[]): void {
  const total = parts[0]?.side.total ?? 0;
  const filters = parts.flatMap(({ side, here, near }) =>
    Array.from(side.channelOf ?? [], (channel, f) => ({ channel, here: here[f] ?? 0, near: near[f] ?? 0 })),
  );
  const n = filters.length;
  for (const [i, { channel, near }] of filters.entries()) {
    for (const [j, other] of filters.slice(0, i + 1).entries()) {
      const covered = covariance[channel * total + other.channel] ?? 0;
      gram[i * n + j] = (gram[i * n + j] ?? 0) + near * other.here * covered;
    }
  }
}
