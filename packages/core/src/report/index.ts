export type { ReportBlock, ReportColumn, ReportDocument, ReportFigure, ReportSection } from './document.js';
export type { Invitation } from './invitation.js';
export type {
  AdjustmentFigures,
  AggregationFigures,
  ByteFigures,
  DensityFigures,
  OutlierFigures,
  RoundMetrics,
  RunSummary,
} from './metrics.js';
export { REPORT_SLOT, reportPage } from './page.js';
export type { ReportRun, WatchedClient, WatchedEvent, WatchedJob } from './run.js';
