import type { MomentReport } from '../batchnorm/merge-moments.js';
import type { MomentTree } from '../params/model-state.js';
import type { DeclaredOptions, OptionValues } from '../registry/declared-options.js';
import type { ColumnRule } from './column-rule.js';
import type { Resistance } from './resistance.js';
import type { UpdateProfile } from './update-profile.js';

/** One client's difference with its weight. */
export interface WeightedUpdate {
  /** Trained minus received values, packed in mask order. */
  readonly values: Float32Array;
  /** Above 0; a sample count keeps sums exact longest. */
  readonly weight: number;
  /**
   * 1 for every value of a weight that the client held, 0 for those that it did not train; left out where it
   * held all.
   */
  readonly held?: Uint8Array;
}

/** A round's updates. They all belong to one mask, so a coordinate means the same weight in each. */
export interface UpdateSource {
  /** Values in each. */
  readonly length: number;
  /**
   * A reader per update, in the order of partition indices, so that float64 rounding does not depend on who
   * was faster. Updates may be on disk: a reader can be called again and then returns the same. Its result is
   * valid until the next reader is called, as all may share one buffer.
   */
  readonly updates: readonly (() => Promise<WeightedUpdate>)[];
  /** The profile of the update at that position if one was made when it arrived; otherwise null or absent. */
  readonly profileAt?: (at: number) => UpdateProfile | null;
  /** Clients that were asked for one; left out where all of them answered. */
  readonly asked?: number;
}

/** Result of combining a round's updates. */
export interface Aggregation {
  /** The one update, in float64, so that it is rounded once, when it is added to the model. */
  readonly values: Float64Array;
  /**
   * Positions of the updates that counted, ascending; rules that treat each coordinate separately keep all.
   */
  readonly kept: readonly number[];
}

/** Makes one update out of a round's. Passes `aggregatorContract`. */
export interface Aggregator {
  /** Outward name. */
  readonly id: string;
  /** One sentence for users, citing the paper. */
  readonly summary: string;
  readonly options: DeclaredOptions;
  /** Takes updates of clients that held a part of the weights; other rules are given whole updates only. */
  readonly takesParts: boolean;
  /**
   * The same bits for the same updates, options and order. Updates are not changed.
   * @throws EspalierError `wrong_length`; `invalid_argument` for a weight that is not above 0 and finite, or
   * without updates, or with fewer than its promise requires; `not_finite`.
   */
  aggregate(source: UpdateSource, options: OptionValues): Promise<Aggregation>;
  /**
   * Rule for a single coordinate, for aggregators that treat coordinates one by one; null for those that
   * judge updates as a whole. Other values that clients report coordinate by coordinate can then follow the
   * same rule.
   */
  readonly coordinateRule: ((options: OptionValues, asked?: number) => ColumnRule) | null;
  /** Resistance of the rule when that many clients are asked; null for a rule that has none. */
  readonly resistance: ((options: OptionValues, asked: number) => Resistance) | null;
  /**
   * Batch-norm statistics under the same rule; never a variance below 0.
   * @param reports those of the updates given to `aggregate`, in the same order
   * @throws EspalierError as core's `mergeMoments`.
   */
  mergeMoments(
    reports: readonly MomentReport[],
    kept: Aggregation['kept'],
    options: OptionValues,
    asked?: number,
  ): MomentTree;
}
