import { forwardMacs } from '../budget/macs.js';
import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs, momentSpecs, parameterSpecs } from '../graph/parameters.js';
import { nearestWhole } from '../mask/top-k.js';
import { channelGroups, type ChannelGroup } from './channel-groups.js';
import { narrowGraph } from './remove-channels.js';

/** What a target counts. */
export const COST_KINDS = ['channels', 'density', 'macs', 'bytes', 'parameters'] as const;

/**
 * `channels`: removable channels; `density`: maskable weights; `macs`: multiply-accumulates of one sample's forward
 * pass; `parameters`: all trainable values; `bytes`: those and batch-norm moments in float32.
 */
export type CostKind = (typeof COST_KINDS)[number];

/** What is to be left of a cost: a share of the original's up to 1, or above 1 the amount itself. */
export interface CostTarget {
  readonly kind: CostKind;
  readonly value: number;
}

/** Whether every layer loses the same share of its channels, or the lowest scores of all go first. */
export type ChannelSpread = 'uniform' | 'global';

/** How channels are chosen. */
export interface ChooseOptions {
  readonly target: CostTarget;
  readonly spread: ChannelSpread;
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
 * The groups to remove so that the cost comes down to the target; for `channels` to the nearest whole number, else to
 * the target or just below. Every layer keeps at least one channel.
 * @throws EspalierError `invalid_argument` for a target that cannot be met, with the nearest that can.
 */
export function chooseChannels(
  graph: ModelGraph,
  { target, spread, scores }: ChooseOptions,
): ReadonlySet<number> {
  const { groups } = channelGroups(graph);
  const order = removalOrder(groups, scores, spread);
  const goal = goalOf(graph, target);
  const first = (count: number): ReadonlySet<number> => new Set(order.slice(0, count));
  if (target.kind === 'channels') {
    const count = groups.length - nearestWhole(goal);
    if (count > order.length) throw unreachableTarget(target, goal, groups.length - order.length);
    return first(count);
  }
  const costAt = (count: number): number => costOf(narrowGraph(graph, first(count)), target.kind);
  if (costAt(order.length) > goal) throw unreachableTarget(target, goal, costAt(order.length));
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (costAt(middle) <= goal) high = middle;
    else low = middle + 1;
  }
  return first(low);
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

/** Every space keeps its best group; ties go by the group's place in the graph. */
function removalOrder(
  groups: readonly ChannelGroup[],
  scores: Float64Array,
  spread: ChannelSpread,
): readonly number[] {
  const spaces = new Map<string, number[]>();
  for (const { id, space } of groups) spaces.set(space, [...(spaces.get(space) ?? []), id]);
  const keyed: { readonly id: number; readonly key: number }[] = [];
  for (const ids of spaces.values()) {
    ids.sort((a, b) => scores[a]! - scores[b]! || a - b);
    ids.slice(0, -1).forEach((id, rank) => {
      keyed.push({ id, key: spread === 'uniform' ? (rank + 0.5) / ids.length : scores[id]! });
    });
  }
  return keyed.sort((a, b) => a.key - b.key || a.id - b.id).map(({ id }) => id);
}

function sizes(specs: readonly { readonly size: number }[]): number {
  return specs.reduce((sum, { size }) => sum + size, 0);
}

function unreachableTarget({ kind, value }: CostTarget, goal: number, nearest: number): EspalierError {
  const share = value <= 1 ? ` (${((value * nearest) / goal).toPrecision(3)} of the original's)` : '';
  return new EspalierError(
    'invalid_argument',
    `the target ${kind}=${value} cannot be met by removing channels: with one channel left in every layer there are still ${nearest}${share}; ask for that or more`,
    { kind, value, nearest },
  );
}
