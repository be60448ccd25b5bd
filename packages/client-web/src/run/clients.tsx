import type { JSX } from 'preact';
import type { ReportRun, WatchedClient } from '@espalier/core/report';
import { byteText, countText, durationText, plural } from '../ui/format.js';
import { Table, type TableColumn } from '../ui/table.js';

const COLUMNS: readonly TableColumn[] = [
  { label: 'Client' },
  { label: 'State' },
  { label: 'Samples', align: 'right' },
  { label: 'Answers', align: 'right' },
  { label: 'Share of samples', align: 'right' },
  { label: 'Trains with' },
  { label: 'Memory, speed' },
  { label: 'Last seen', align: 'right' },
  { label: 'Refused', wrap: true },
];

/** Shows the clients, their devices, and the messages of theirs that were refused. */
export function Clients({ run }: { readonly run: ReportRun }): JSX.Element {
  const { clients, job, seconds } = run;
  const present = clients.filter(({ presence }) => presence === 'present').length;
  const total = clients.reduce((sum, { samples }) => sum + samples, 0);
  return (
    <section class="card">
      <header>
        <h2>Clients</h2>
        <p class="note">
          {run.summary ? plural(clients.length, 'client') : `${present} of ${job.numClients} here`}
        </p>
      </header>
      {clients.length === 0 ? (
        <p class="empty">{emptySentence(run)}</p>
      ) : (
        <Table
          columns={COLUMNS}
          rows={clients.map((client) => rowOf(client, { total, seconds, ended: run.summary !== null }))}
        />
      )}
    </section>
  );
}

function emptySentence({ summary }: ReportRun): string {
  return summary
    ? 'This run folder keeps no list of its clients.'
    : 'Nobody is here yet. Send people the link to the Take part page with the join token.';
}

function rowOf(
  client: WatchedClient,
  { total, seconds, ended }: { readonly total: number; readonly seconds: number; readonly ended: boolean },
): readonly (string | JSX.Element)[] {
  const { name, samples, contributions, backend, lastSeen } = client;
  return [
    name,
    ended ? 'ended' : <State client={client} />,
    countText(samples),
    countText(contributions),
    total === 0 ? '–' : `${Math.round((100 * samples) / total)} %`,
    backend ?? '–',
    capability(client),
    lastSeen === null || ended ? '–' : ago(seconds - lastSeen),
    refusalText(client),
  ];
}

function State({
  client: { presence, admitted, answered },
}: {
  readonly client: WatchedClient;
}): JSX.Element {
  if (presence === 'gone') return <span class="pill">gone</span>;
  if (presence === 'away') return <span class="pill bad">lost, waited for</span>;
  if (!admitted) return <span class="pill half">being checked</span>;
  return <span class="pill on">{answered ? 'has answered' : 'here'}</span>;
}

function capability({ memoryBytes, macsPerSecond }: WatchedClient): string {
  const parts = [
    ...(memoryBytes > 0 ? [byteText(memoryBytes)] : []),
    ...(macsPerSecond > 0 ? [`${(macsPerSecond / 1e9).toFixed(1)} GMAC/s`] : []),
  ];
  return parts.length === 0 ? '–' : parts.join(', ');
}

function ago(seconds: number): string {
  return seconds < 2 ? 'now' : `${durationText(Math.round(seconds))} ago`;
}

function refusalText({ refusals }: WatchedClient): string {
  const last = refusals.at(-1);
  if (!last) return '–';
  const more = refusals.length > 1 ? ` (and ${refusals.length - 1} before)` : '';
  return `${last.code}: ${last.message}${more}`;
}
