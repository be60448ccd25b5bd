import { EspalierError } from '../errors.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { GraphWithState } from '../groups/index.js';
import { layerValues } from '../mask/layer-values.js';
import { Mask, type LayerMask } from '../mask/mask.js';
import { topK } from '../mask/top-k.js';
import { applyMask, packActive } from '../params/pack.js';
import type { NestedPool } from '../candidates/nested-pool.js';
import type { Trainer } from '../trainer/trainer.js';
import { checkAccess, type DataAccess } from './access.js';
import {
  checkOptions,
  compressModel,
  type CompressedNetwork,
  type CompressInput,
  type CompressOptions,
} from './compress-model.js';
import { repairNamed } from './repairs.js';

/** Compressed networks among which clients choose, and whose batch norm their statistics recalibrate. */
export interface CompressionCandidates extends Omit<CompressedNetwork, 'mask' | 'state'> {
  /** A candidate for every allocation, in their order; one candidate if no weights are removed. */
  readonly pool: NestedPool;
  /** Names of allocations; empty where no weights are removed. */
  readonly allocations: readonly string[];
}

/** The only criterion whose masks are nested for every allocation. */
const NESTING = 'magnitude';

/**
 * Checks that clients may be asked. @throws EspalierError `invalid_argument` if less than `aggregates` is
 * granted.
 */
export function checkClientAccess(granted: DataAccess): void {
  checkAccess(granted, 'calibration', { id: 'by clients', needs: ['moments', 'losses'] });
}

/**
 * Compresses a network once for every allocation, as far as possible without clients. Several candidates
 * share the values of one network, so no repair may change them.
 * @throws EspalierError `invalid_argument` for less access than `aggregates`, for several allocations with a
 * criterion other than magnitude or with a repair that solves for new values; and as {@link compressModel}.
 */
export async function compressionCandidates(
  input: CompressInput,
  { allocations, ...options }: CompressOptions & { readonly allocations: readonly string[] },
  trainer: Trainer | null,
): Promise<CompressionCandidates> {
  checkClientAccess(options.access);
  const { weights } = options;
  if (weights === null || allocations.length < 2) {
    return single(await compressModel(input, options, trainer), weights ? [weights.allocation] : []);
  }
  for (const allocation of allocations) checkOptions({ ...options, weights: { ...weights, allocation } });
  checkNesting(weights.criterion, options.repair);
  const whole = await compressModel(input, { ...options, weights: null, rounding: null }, trainer);
  const { normalization } = input;
  const plain = { ...options, channels: null, rounding: null, repair: 'none' };
  const counts: Uint32Array[] = [];
  for (const allocation of allocations) {
    const { mask } = await compressModel(
      { ...whole, normalization },
      { ...plain, weights: { ...weights, allocation } },
      trainer,
    );
    counts.push(Uint32Array.from(mask.layers, ({ active }) => active.length));
  }
  const union = largestMasks(whole, counts);
  const params = applyMask(whole.graph, new Mask(union), whole.state.params);
  // All candidates are rounded as one, so that clients judge the values that will be written.
  const { state } = await compressModel(
    { graph: whole.graph, state: { ...whole.state, params }, normalization },
    { ...options, channels: null, weights: null },
    trainer,
  );
  const values = packActive(whole.graph, new Mask(union), state.params);
  const { graph, kept, removed } = whole;
  return { graph, kept, removed, allocations, pool: { union, values, counts, moments: state.moments } };
}

function checkNesting(criterion: string, repair: string): void {
  if (criterion !== NESTING) {
    throw new EspalierError(
      'invalid_argument',
      `clients can choose among several allocations of criterion ${NESTING} only, for its masks lie within each other; criterion is ${criterion}: name one allocation`,
      { criterion },
    );
  }
  if (!repairNamed(repair).folds) return;
  throw new EspalierError(
    'invalid_argument',
    `repair ${repair} solves the weights anew for every mask, and candidates of several allocations share theirs: give --repair none, or name one allocation`,
    { repair },
  );
}

function single(
  { graph, kept, removed, mask, state }: CompressedNetwork,
  allocations: readonly string[],
): CompressionCandidates {
  const counts = [Uint32Array.from(mask.layers, ({ active }) => active.length)];
  const values = packActive(graph, mask, state.params);
  const pool = { union: mask.layers, values, counts, moments: state.moments };
  return { graph, kept, removed, allocations, pool };
}

function largestMasks(
  { graph, state }: GraphWithState,
  counts: readonly Uint32Array[],
): readonly LayerMask[] {
  return maskableSpecs(graph).map((spec, i) => {
    const largest = Math.max(...counts.map((row) => row[i]!));
    const magnitudes = layerValues(spec, state.params).map(Math.abs);
    return { name: spec.name, size: spec.size, active: topK(magnitudes, largest) };
  });
}
