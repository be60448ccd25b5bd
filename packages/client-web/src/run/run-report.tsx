import type { JSX } from 'preact';
import type { ReportRun } from '@espalier/core/report';
import { Masthead } from '../ui/masthead.js';
import { Headline } from './headline.js';
import { RunView } from './run-view.js';

/** A finished run on one page, as `report.html` in its folder shows it. */
export function RunReport({ run }: { readonly run: ReportRun }): JSX.Element {
  return (
    <main class="page">
      <Masthead here={null} />
      <Headline run={run} />
      <RunView run={run} />
      <footer class="page-end">
        {run.summary
          ? `seed ${run.summary.seed} · mask ${run.summary.mask.hash.slice(0, 12)} · model ${run.summary.model.hash.slice(0, 12)}`
          : ''}
      </footer>
    </main>
  );
}
