import type { AggregationSpec } from './aggregation-spec.js';
import type { ColumnRule } from './column-rule.js';
import { aggregatorNamed } from './registry.js';

/** Rule that a job applies to each coordinate of the values that its clients report. */
export interface CoordinateRule {
  readonly rule: ColumnRule;
  readonly weighting: AggregationSpec['weighting'];
}

/**
 * The rule of a job whose aggregator treats coordinates one by one; null for any other, for which plain means
 * are used.
 * @param asked clients that were asked for a report; default: the number of reports
 */
export function coordinateRule(
  { kind, weighting, options }: AggregationSpec,
  asked?: number,
): CoordinateRule | null {
  const rule = aggregatorNamed(kind).coordinateRule?.(options, asked) ?? null;
  return rule && { rule, weighting };
}
