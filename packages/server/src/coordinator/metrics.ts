/** The figures of a run are core's, so that pages can draw what a coordinator writes. */
export type {
  AdjustmentFigures,
  ByteFigures,
  DensityFigures,
  RoundMetrics,
  RunSummary,
  SelectionFigures,
} from '@espalier/core';
