/** The figures of a run are core's, so that pages can draw what a coordinator writes. */
export type {
  AdjustmentFigures,
  AggregationFigures,
  ByteFigures,
  DensityFigures,
  OutlierFigures,
  RoundMetrics,
  RunSummary,
  SelectionFigures,
} from '@espalier/core';
