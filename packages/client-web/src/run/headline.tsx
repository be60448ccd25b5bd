import type { JSX } from 'preact';
import type { Phase } from '@espalier/core/protocol';
import type { ReportRun } from '@espalier/core/report';
import { byteText, durationText, percent } from '../ui/format.js';
import { Figures, type FigureItem } from '../ui/figures.js';
import { denseTotal, roundsTotal } from './traffic.js';

/** The run's name, its state in one sentence, and its main figures. */
export function Headline({ run }: { readonly run: ReportRun }): JSX.Element {
  const { job } = run;
  return (
    <>
      <header>
        <h1>{job.name}</h1>
        <p class="lead">
          {`${job.method} on ${job.model}, ${job.classes.length} classes, to ${percent(job.targetDensity)} of the weights. `}
          <span data-figure="phase">{phaseSentence(run)}</span>
        </p>
      </header>
      <section class="card" aria-label="Main figures">
        <Figures items={mainFigures(run)} />
      </section>
    </>
  );
}

const DOING: Readonly<Record<Phase, string>> = {
  gather: 'Waiting for clients.',
  moments: 'Clients measure the candidates.',
  merge: 'Merging the statistics of the candidates.',
  losses: 'Clients judge the candidates.',
  choose: 'Choosing the first mask.',
  train: 'Clients train.',
  close: 'Closing the round.',
  measure: 'Clients measure the new model.',
  settle: 'Merging the statistics of the new model.',
  evaluate: 'Clients judge the final model.',
  finished: 'Finished.',
};

function phaseSentence({ phase, paused, prepared, summary }: ReportRun): string {
  if (summary?.stopped === true) return 'Stopped before its last round.';
  if (phase === 'finished') return DOING.finished;
  if (!prepared) return 'The coordinator prepares the model.';
  return paused ? 'Paused: work under way is finished, nothing new is given out.' : DOING[phase];
}

function mainFigures(run: ReportRun): readonly FigureItem[] {
  const { metrics, job, round, summary, clients } = run;
  const judged = metrics.filter(({ accuracy }) => accuracy !== null);
  const last = summary?.accuracy.final ?? judged.at(-1)?.accuracy ?? null;
  const best = summary?.accuracy.best ?? bestOf(judged.map(({ accuracy }) => accuracy ?? 0));
  const density = summary?.density ?? metrics.at(-1)?.density;
  const present = clients.filter(({ presence }) => presence === 'present').length;
  return [
    {
      name: 'round',
      label: 'Round',
      value: `${summary?.rounds ?? round} of ${job.rounds}`,
      hint: durationText(summary?.seconds ?? run.seconds),
    },
    {
      name: 'accuracy',
      label: 'Accuracy',
      value: percent(last),
      hint: best === null ? undefined : `best ${percent(best)}`,
    },
    {
      name: 'density',
      label: 'Density',
      value: percent(density?.maskable, 2),
      hint: density ? `${percent(density.all, 2)} of all parameters` : undefined,
    },
    {
      name: 'bytes',
      label: 'Sent and received',
      value: byteText(run.bytes.up + run.bytes.down),
      hint: savedText(run),
    },
    summary
      ? { label: 'Clients', value: String(summary.clients), hint: summary.backends.join(', ') }
      : { label: 'Clients here', value: String(present), hint: `of ${job.numClients}` },
  ];
}

function bestOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function savedText(run: ReportRun): string | undefined {
  const [ours, dense] = [roundsTotal(run), denseTotal(run)];
  return ours === 0 ? undefined : `rounds: ${(dense / ours).toFixed(1)}× less than dense FedAvg`;
}
