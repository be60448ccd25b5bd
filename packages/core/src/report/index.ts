export type { ReportBlock, ReportColumn, ReportDocument, ReportFigure, ReportSection } from './document.js';
export { REPORT_SLOT, reportPage } from './page.js';
