import { EspalierError } from '../errors.js';
import type { AggregationSpec, ClipSpec } from './aggregation-spec.js';
import type { Aggregation, UpdateSource, WeightedUpdate } from './aggregator.js';
import { readUpdate } from './check-update.js';
import { middleOf } from './middle-of.js';
import { aggregatorNamed } from './registry.js';
import { findOutliers, profileUpdate, type UpdateOutlier, type UpdateProfile } from './update-profile.js';

/** A round's updates combined into one, and the observations made on the way. */
export interface RoundAggregation extends Aggregation {
  /** Positions of the updates whose norm was cut, ascending. */
  readonly clipped: readonly number[];
  readonly outliers: readonly UpdateOutlier[];
}

/**
 * Combines a round's updates as the job specifies: weighs, clips, then applies its rule. Updates without a
 * profile are profiled when they are first read, before clipping. Clipping at a multiple of the median reads
 * them a second time.
 * @throws EspalierError as an aggregator; `invalid_argument` for a rule that is not registered.
 */
export async function aggregateUpdates(
  source: UpdateSource,
  { kind, weighting, clip, options }: AggregationSpec,
): Promise<RoundAggregation> {
  const profiles = new Profiles(source);
  const weigh = (update: WeightedUpdate): WeightedUpdate =>
    weighting === 'equal' ? { ...update, weight: 1 } : update;
  const profiled = reread(source, (update, at) => {
    profiles.look(at, update.values);
    return weigh(update);
  });
  const maximum = clip === null ? Infinity : await maximumNorm(profiled, clip, profiles);
  const clipping = reread(profiled, (update, at) => clipUpdate(update, profiles.at(at).norm, maximum));
  const aggregation = await aggregatorNamed(kind).aggregate(clipping, options);
  const all = profiles.all();
  return {
    ...aggregation,
    clipped: [...all.keys()].filter((at) => all[at]!.norm > maximum),
    outliers: findOutliers(all),
  };
}

/** Profiles of a round's updates: those that came with them, and those made of updates read since. */
class Profiles {
  readonly #known: (UpdateProfile | null)[];

  constructor({ updates, profileAt }: UpdateSource) {
    this.#known = updates.map((_, at) => profileAt?.(at) ?? null);
  }

  /** Positions without one. */
  get missing(): readonly number[] {
    return [...this.#known.keys()].filter((at) => this.#known[at] === null);
  }

  look(at: number, values: Float32Array): void {
    this.#known[at] ??= profileUpdate(values);
  }

  /** @throws EspalierError `internal` for an update that has not been read. */
  at(at: number): UpdateProfile {
    const profile = this.#known[at] ?? null;
    if (profile === null) throw new EspalierError('internal', `update ${at} was not read`);
    return profile;
  }

  all(): readonly UpdateProfile[] {
    return this.#known.map((_, at) => this.at(at));
  }
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

async function maximumNorm(source: UpdateSource, clip: ClipSpec, profiles: Profiles): Promise<number> {
  if (clip.kind === 'norm') return clip.maximum;
  for (const at of profiles.missing) await source.updates[at]!();
  return clip.factor * middleOf(profiles.all().map(({ norm }) => norm));
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
