import { forwardMacs } from '../budget/macs.js';
import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs, momentSpecs, parameterSpecs } from '../graph/parameters.js';
import { nearestWhole } from '../mask/top-k.js';
import { channelGroups, type ChannelGroup } from './channel-groups.js';
import { narrowGraph } from './remove-channels.js';

/** Costs that a target can limit. */
export const COST_KINDS = ['channels', 'density', 'macs', 'bytes', 'parameters'] as const;

/**
 * `channels`: removable channels; `density`: maskable weights; `macs`: multiply-accumulates of one sample's forward
 * pass; `parameters`: all trainable values; `bytes`: those and batch-norm moments in float32.
 */
export type CostKind = (typeof COST_KINDS)[number];

/** Remaining cost: up to 1 a share of the original's, above 1 the amount itself. */
export interface CostTarget {
  readonly kind: CostKind;
  readonly value: number;
}

/**
 * Spread of the removal: the same share of channels in every layer, or the lowest scores of all layers first.
 */
export type ChannelSpread = 'uniform' | 'global';

/** Settings for choosing channels. */
export interface ChooseOptions {
  readonly target: CostTarget;
  readonly spread: ChannelSpread;
  /**
   * Layers that lose channels keep a multiple of this number; default 1. The engine's dense kernels take four
   * output channels at a time, so 6 channels cost it what 8 do.
   */
  readonly multiple?: number;
  /** One score per group; the lowest are removed first. */
  readonly scores: Float64Array;
}

/** A network's cost of that kind, dense. */
export function costOf(graph: ModelGraph, kind: CostKind): number {
  switch (kind) {
    case 'channels':
      return channelGroups(graph).groups.length;
    case 'density':
      return sizes(maskableSpecs(graph));
    case 'macs':
      return forwardMacs(graph, null).total;
    case 'parameters':
      return sizes(parameterSpecs(graph));
    case 'bytes':
      return (
        4 *
        (sizes(parameterSpecs(graph)) +
          momentSpecs(graph).reduce((sum, { channels }) => sum + 2 * channels, 0))
      );
  }
}

/**
 * The groups to remove to bring the cost down to the target; for `channels` as near to it as whole steps
 * allow, otherwise to the target or just below. Every layer keeps at least `multiple` channels, or all that
 * it has.
 * @throws EspalierError `invalid_argument` for a target that cannot be met, with the nearest that can, or a
 * multiple that is not a whole number of at least 1.
 */
export function chooseChannels(
  graph: ModelGraph,
  { target, spread, scores, multiple = 1 }: ChooseOptions,
): ReadonlySet<number> {
  checkMultiple(multiple);
  const { groups } = channelGroups(graph);
  const steps = removalSteps(groups, { scores, spread, multiple });
  const goal = goalOf(graph, target);
  const first = (count: number): ReadonlySet<number> => new Set(steps.slice(0, count).flat());
  const costAt =
    target.kind === 'channels'
      ? (count: number): number => groups.length - first(count).size
      : (count: number): number => costOf(narrowGraph(graph, first(count)), target.kind);
  // Whole channels come within half a channel of their target, other costs reach it or fall just below.
  const most = target.kind === 'channels' ? nearestWhole(goal) : goal;
  if (costAt(steps.length) > most)
    throw unreachableTarget(target, goal, { nearest: costAt(steps.length), multiple });
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (costAt(middle) <= most) high = middle;
    else low = middle + 1;
  }
  const above = low > 0 && target.kind === 'channels' && costAt(low - 1) - goal < goal - costAt(low);
  return first(above ? low - 1 : low);
}

function checkMultiple(multiple: number): void {
  if (Number.isSafeInteger(multiple) && multiple >= 1) return;
  throw new EspalierError(
    'invalid_argument',
    `channels cannot be kept in multiples of ${multiple}; give a whole number of at least 1`,
    { multiple },
  );
}

function goalOf(graph: ModelGraph, { kind, value }: CostTarget): number {
  if (!(value > 0) || !Number.isFinite(value)) {
    throw new EspalierError('invalid_argument', `the target ${kind}=${value} is not above 0`, {
      kind,
      value,
    });
  }
  return value <= 1 ? value * costOf(graph, kind) : value;
}

/**
 * Groups that are removed together, in order of removal: from every space those of the lowest scores, as many
 * as leave a multiple. Ties are broken by the position in the graph.
 */
function removalSteps(
  groups: readonly ChannelGroup[],
  { scores, spread, multiple }: Required<Pick<ChooseOptions, 'scores' | 'spread' | 'multiple'>>,
): readonly (readonly number[])[] {
  const spaces = new Map<string, number[]>();
  for (const { id, space } of groups) spaces.set(space, [...(spaces.get(space) ?? []), id]);
  const keyed: { readonly ids: readonly number[]; readonly key: number }[] = [];
  for (const all of spaces.values()) {
    all.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b);
    for (let from = 0; from + multiple < all.length;) {
      const rest = (all.length - from) % multiple;
      const to = from + (rest === 0 ? multiple : rest);
      const ids = all.slice(from, to);
      const mean = ids.reduce((sum, id) => sum + (scores[id] ?? 0), 0) / ids.length;
      keyed.push({ ids, key: spread === 'uniform' ? (from + to) / (2 * all.length) : mean });
      from = to;
    }
  }
  return keyed.sort((a, b) => a.key - b.key || (a.ids[0] ?? 0) - (b.ids[0] ?? 0)).map(({ ids }) => ids);
}

function sizes(specs: readonly { readonly size: number }[]): number {
  return specs.reduce((sum, { size }) => sum + size, 0);
}

function unreachableTarget(
  { kind, value }: CostTarget,
  goal: number,
  { nearest, multiple }: { readonly nearest: number; readonly multiple: number },
): EspalierError {
  const share = value <= 1 ? ` (${((value * nearest) / goal).toPrecision(3)} of the original's)` : '';
  return new EspalierError(
    'invalid_argument',
    `the target ${kind}=${value} cannot be met by removing channels: with ${multiple === 1 ? 'one channel' : `${multiple} channels`} left in every layer there are still ${nearest}${share}; ask for that or more`,
    { kind, value, nearest },
  );
}
