import type { AggregationSpec, ClipSpec } from '../job/job.js';
import type { Aggregation, UpdateSource, WeightedUpdate } from './aggregator.js';
import { readUpdate } from './check-update.js';
import { middleOf } from './middle-of.js';
import { aggregatorNamed } from './registry.js';
import { findOutliers, profileUpdate, type UpdateOutlier, type UpdateProfile } from './update-profile.js';

/** A round's updates made one, and what was seen on the way. */
export interface RoundAggregation extends Aggregation {
  /** Positions of the updates whose norm was cut, ascending. */
  readonly clipped: readonly number[];
  readonly outliers: readonly UpdateOutlier[];
}

/**
 * The round's one update as the job wants it: weighed, clipped, then by its rule. Updates are profiled as they come,
 * before clipping. Clipping at a multiple of the median reads every update once more.
 * @throws EspalierError as an aggregator; `invalid_argument` for a rule that is not registered.
 */
export async function aggregateUpdates(
  source: UpdateSource,
  { kind, weighting, clip, options }: AggregationSpec,
): Promise<RoundAggregation> {
  const profiles: UpdateProfile[] = [];
  const weigh = (update: WeightedUpdate): WeightedUpdate =>
    weighting === 'equal' ? { ...update, weight: 1 } : update;
  const profiled = reread(source, (update, at) => {
    profiles[at] ??= profileUpdate(update.values);
    return weigh(update);
  });
  const maximum = clip === null ? Infinity : await maximumNorm(profiled, clip, profiles);
  const clipping = reread(profiled, (update, at) => clipUpdate(update, profiles[at]!.norm, maximum));
  const aggregation = await aggregatorNamed(kind).aggregate(clipping, options);
  return {
    ...aggregation,
    clipped: [...profiles.keys()].filter((at) => profiles[at]!.norm > maximum),
    outliers: findOutliers(profiles),
  };
}

/** The same source with every update looked at, or changed, on its way. */
function reread(
  source: UpdateSource,
  through: (update: WeightedUpdate, at: number) => WeightedUpdate,
): UpdateSource {
  return {
    ...source,
    updates: source.updates.map((_, at) => async () => through(await readUpdate(source, at), at)),
  };
}

async function maximumNorm(
  source: UpdateSource,
  clip: ClipSpec,
  profiles: readonly UpdateProfile[],
): Promise<number> {
  if (clip.kind === 'norm') return clip.maximum;
  for (const read of source.updates) await read();
  return clip.factor * middleOf(profiles.map(({ norm }) => norm));
}

/**
 * Norm clipping (Sun et al., "Can You Really Backdoor Federated Learning?", 2019): an update longer than the maximum is
 * shortened to it, rounded to float32; others stay as they are.
 */
function clipUpdate(update: WeightedUpdate, norm: number, maximum: number): WeightedUpdate {
  if (!(norm > maximum)) return update;
  const share = maximum / norm;
  return { ...update, values: update.values.map((value) => value * share) };
}
