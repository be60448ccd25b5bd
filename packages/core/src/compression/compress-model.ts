import { type WeightPruning, pruneWeights } from './prune-weights.js';
import type { Normalization } from '../data/batches.js';
import { allocationNamed } from '../allocation/index.js';
import { criterionNamed } from '../criteria/index.js';
import { EspalierError } from '../errors.js';
import { nonZeroMask } from '../formats/index.js';
import type { ModelGraph } from '../graph/model-graph.js';
import {
  channelGroups,
  chooseChannels,
  groupScores,
  removeChannels,
  type ChannelSpread,
  type CostTarget,
  type GraphWithState,
  type SmallerNetwork,
} from '../groups/index.js';
import type { Mask } from '../mask/mask.js';
import { checkState, type ModelState } from '../params/model-state.js';
import { levelTable, quantizerNamed } from '../quantization/index.js';
import { analyticSignals, repairNetwork, sampledSignals } from '../repair/index.js';
import type { Trainer } from '../trainer/trainer.js';
import { checkAccess, type DataAccess } from './access.js';
import { repairNamed, type Repair } from './repairs.js';
import { syntheticImages } from './synthetic-images.js';

/** Selection of channels to remove. */
export interface ChannelPruning {
  /** Cost that is to remain. */
  readonly target: CostTarget;
  readonly spread: ChannelSpread;
  /** Name of the criterion that scores are lifted from. */
  readonly criterion: string;
  /** Layers that lose channels keep a multiple of this number; default 1. */
  readonly multiple?: number;
}

/** Rounding of weights to few bits. */
export interface Rounding {
  readonly bits: number;
  /** Name of the quantizer. */
  readonly quantizer: string;
}

/** Steps to apply to a network; null leaves a step out. */
export interface CompressOptions {
  readonly access: DataAccess;
  readonly channels: ChannelPruning | null;
  readonly weights: WeightPruning | null;
  readonly rounding: Rounding | null;
  /** Name of the repair. */
  readonly repair: string;
  /** Synthetic images, where a plug-in needs some. */
  readonly samples: number;
  readonly seed: number;
}

/** A network to be compressed, and the normalisation of its images. */
export interface CompressInput extends GraphWithState {
  readonly normalization: Normalization;
}

/** The outcome. */
export interface CompressedNetwork extends GraphWithState {
  /** Mask of the weights that are not 0. */
  readonly mask: Mask;
  /** Per node, the positions of the original's last axis that are left. */
  readonly kept: ReadonlyMap<string, Uint32Array>;
  /** Groups of the original's {@link channelGroups} that were removed. */
  readonly removed: ReadonlySet<number>;
}

/** Least squares are held back by this share of the mean variance: moments are estimates. */
const RIDGE = 0.05;

/**
 * Removes channels, then weights, then rounds, repairing on the way, without any data beyond `access`.
 * @param trainer measures distortions where an allocation needs them; null if nothing may be measured
 * @throws EspalierError `invalid_argument` for a plug-in that needs more access than granted, an unknown
 * name, a target that cannot be met or a layer that would lose all channels; `invalid_params` for weights
 * that are not finite.
 */
export async function compressModel(
  input: CompressInput,
  options: CompressOptions,
  trainer: Trainer | null,
): Promise<CompressedNetwork> {
  checkOptions(options);
  checkState(input.graph, input.state);
  const { weights } = options;
  const removed = channelsToRemove(input, options);
  const smaller = removeChannels(input, removed);
  const { normalization } = input;
  if (weights === null) {
    return finished(smaller, repaired(input, smaller, { options, normalization, last: true }), removed);
  }
  // Rounding comes last: weights pruned afterwards would have been rounded for nothing.
  const first = options.channels
    ? repaired(input, smaller, { options, normalization, last: false })
    : smaller.state;
  const whole = { graph: smaller.graph, state: first };
  const mask = await pruneWeights(whole, weights, {
    images: syntheticImages(input.graph, { ...options, normalization: input.normalization }),
    seed: options.seed,
    trainer,
  });
  const masked = removeChannels({ graph: whole.graph, state: mask }, new Set());
  const second = repaired(whole, masked, { options, normalization, last: true });
  return finished(smaller, second, removed);
}

/** @throws EspalierError `invalid_argument` for plug-ins beyond the access granted, unknown names and wrong numbers. */
export function checkOptions({
  access,
  channels,
  weights,
  rounding,
  repair,
  samples,
}: CompressOptions): void {
  if (channels) checkAccess(access, 'criterion', criterionNamed(channels.criterion));
  if (weights) {
    checkAccess(access, 'criterion', criterionNamed(weights.criterion));
    checkAccess(access, 'allocation', allocationNamed(weights.allocation));
    checkCount('iterations', weights.iterations);
  }
  checkAccess(access, 'repair', repairNamed(repair));
  if (rounding) levelTable(quantizerNamed(rounding.quantizer), rounding.bits);
  checkCount('samples', samples);
}

function checkCount(what: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new EspalierError('invalid_argument', `${what} is ${value}; give a whole number of at least 1`);
}

function channelsToRemove(
  { graph, state }: GraphWithState,
  { channels, seed }: CompressOptions,
): ReadonlySet<number> {
  if (channels === null) return new Set();
  const scores = criterionNamed(channels.criterion).score(graph, state.params, {
    rng: { seed, purpose: 'channel criterion' },
  });
  const lifted = groupScores(graph, channelGroups(graph), { scores, params: state.params });
  return chooseChannels(graph, { ...channels, scores: lifted });
}

interface RepairTurn {
  readonly options: CompressOptions;
  readonly normalization: Normalization;
  /** Nothing follows but the file, so kernels are rounded here. */
  readonly last: boolean;
}

function repaired(
  original: GraphWithState,
  smaller: SmallerNetwork,
  { options, normalization, last }: RepairTurn,
): ModelState {
  const { rounding, repair: name } = options;
  const table = last && rounding ? levelTable(quantizerNamed(rounding.quantizer), rounding.bits) : null;
  const repair: Repair = repairNamed(name);
  const { folds, recalibrates } = repair;
  const common = { ridge: RIDGE, table, folds, recalibrates };
  if (!repair.needs.includes('images'))
    return repairNetwork(original, smaller, { ...common, signals: analyticSignals });
  const { images, size } = syntheticImages(original.graph, { ...options, normalization });
  return repairNetwork(original, smaller, { ...common, signals: sampledSignals(images, size) });
}

function finished(
  { graph, kept }: SmallerNetwork,
  state: ModelState,
  removed: ReadonlySet<number>,
): CompressedNetwork {
  return { graph: named(graph), state, mask: nonZeroMask(graph, state.params), kept, removed };
}

/** Marks the network as no longer the zoo's, by its name. */
function named(graph: ModelGraph): ModelGraph {
  return graph.name.endsWith('-compressed') ? graph : { ...graph, name: `${graph.name}-compressed` };
}
