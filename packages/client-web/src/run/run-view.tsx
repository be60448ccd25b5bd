import type { JSX } from 'preact';
import type { ReportRun } from '@espalier/core/report';
import { Clients } from './clients.js';
import { Density } from './density.js';
import { Events } from './events.js';
import { Learning } from './learning.js';
import { Selection } from './selection.js';
import { TrafficSection } from './traffic.js';

/** Everything below a run's headline, live and finished alike. */
export function RunView({ run }: { readonly run: ReportRun }): JSX.Element {
  return (
    <>
      <Learning run={run} />
      <Density run={run} />
      <TrafficSection run={run} />
      <Selection selection={run.selection} />
      <Clients run={run} />
      <Events events={run.events} />
    </>
  );
}
