import { render } from 'preact';
import type { ReportDocument, ReportRun } from '@espalier/core/report';
import { DocumentView } from '../report/document-view.js';
import { RunReport } from '../run/run-report.js';

const place = document.getElementById('root');
const text = document.getElementById('report-data')?.textContent ?? '';
// The file is written by this project's own code from data of these types.
const data = text === '' ? null : (JSON.parse(text) as ReportDocument | ReportRun);
if (place && data?.kind === 'document') {
  document.title = data.title;
  render(<DocumentView {...data} />, place);
} else if (place && data?.kind === 'run') {
  document.title = `${data.job.name} · Espalier`;
  render(<RunReport run={data} />, place);
} else if (place) {
  place.textContent = 'This is the empty template of a report: it holds no data yet.';
}
