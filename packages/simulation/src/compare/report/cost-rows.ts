import type { ResultGroup } from '../statistics.js';

/** Means over seeds of a cost; null where nobody knows. */
export interface CostPair {
  readonly measured: number;
  /** By the cost model. */
  readonly analytic: number;
  /** Known additions to the model's figure, by the term's id; null in results that do not record them. */
  readonly terms: Readonly<Record<string, number>> | null;
}

/** A row's costs, measured and by the model. */
export interface GroupCosts {
  readonly bytes: CostPair | null;
  readonly macs: CostPair | null;
  readonly memory: CostPair | null;
}

/** A row of the comparison with its costs. */
export interface CostRow {
  readonly group: ResultGroup;
  readonly costs: GroupCosts;
}
