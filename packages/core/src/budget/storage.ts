import { EspalierError } from '../errors.js';
import type { ModelGraph, TensorShape } from '../graph/model-graph.js';
import { parameterSpecs } from '../graph/parameters.js';
import { sizeOf } from '../graph/shapes.js';
import type { Mask } from '../mask/mask.js';
import { momentCount } from '../params/pack.js';
import { activeCount } from './active.js';

/** Assumed storage of a tensor: all values; bitmap and values; COO; CSR or CSC, whichever is smaller. */
export type StorageFormat = 'dense' | 'bitmap' | 'coordinates' | 'compressed';

const VALUE_BITS = 32;

/** The format that the authors' cost model takes at a density (FedRTS, Huang et al. 2025, appendix). */
export function storageFormat(density: number): StorageFormat {
  if (density >= 0.9) return 'dense';
  if (density >= 0.3) return 'bitmap';
  return density >= 0.1 ? 'coordinates' : 'compressed';
}

/**
 * Bits of a tensor with that many nonzero values, by the authors' cost model (the same appendix), with b =
 * 32: dense n·b, bitmap n + m·b, coordinates m·⌈log₂ n⌉ + m·b, compressed m·⌈log₂ columns⌉ + rows·⌈log₂ m⌉ +
 * m·b. A kernel is a matrix with a row per output channel. Indices come with the values, so a mask costs
 * nothing extra.
 * @throws EspalierError `invalid_argument` when there are more values than elements.
 */
export function storageBits(
  shape: TensorShape,
  nonzero: number,
  format: StorageFormat = storageFormat(nonzero / sizeOf(shape)),
): number {
  const elements = sizeOf(shape);
  if (!(nonzero >= 0 && nonzero <= elements)) {
    throw new EspalierError(
      'invalid_argument',
      `${String(nonzero)} of ${String(elements)} values cannot differ from 0`,
    );
  }
  return (
    INDEX_BITS[format](elements, nonzero, shape.at(-1) ?? 1) +
    VALUE_BITS * (format === 'dense' ? elements : nonzero)
  );
}

/** Bits besides the values, for n elements in a matrix of `rows` rows, m of them not 0. */
const INDEX_BITS: Readonly<Record<StorageFormat, (n: number, m: number, rows: number) => number>> = {
  dense: () => 0,
  bitmap: (n) => n,
  coordinates: (n, m) => m * ceilLog2(n),
  compressed: (n, m, rows) => Math.min(compressedBits(m, rows, n / rows), compressedBits(m, n / rows, rows)),
};

/** Bytes of a whole model by that model: kernels under their mask, everything else and batch-norm moments dense. */
export function modelBytes(graph: ModelGraph, mask: Mask | null): number {
  const bits = parameterSpecs(graph).map((spec) => storageBits(spec.shape, activeCount(spec, mask)));
  return (bits.reduce((sum, each) => sum + each, 0) + VALUE_BITS * momentCount(graph)) / 8;
}

function compressedBits(m: number, rows: number, columns: number): number {
  return m * ceilLog2(columns) + rows * ceilLog2(m);
}

/** ⌈log₂ n⌉ for whole n; 0 for 0 and 1. */
function ceilLog2(n: number): number {
  return n <= 1 ? 0 : 32 - Math.clz32(n - 1);
}
