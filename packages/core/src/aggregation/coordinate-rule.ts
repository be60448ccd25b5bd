import type { AggregationSpec } from './aggregation-spec.js';
import type { ColumnRule } from './column-rule.js';
import { aggregatorNamed } from './registry.js';

/** What a job does with one coordinate of whatever its clients report. */
export interface CoordinateRule {
  readonly rule: ColumnRule;
  readonly weighting: AggregationSpec['weighting'];
}

/** The rule of a job whose aggregator looks at coordinates one by one; null for any other, which leaves plain means. */
export function coordinateRule({ kind, weighting, options }: AggregationSpec): CoordinateRule | null {
  const rule = aggregatorNamed(kind).coordinateRule?.(options) ?? null;
  return rule && { rule, weighting };
}
