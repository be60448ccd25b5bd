import { signal } from '@preact/signals';
import type { ReportRun, RoundMetrics } from '@espalier/core/report';
import { askAdmin } from '../ui/admin-token.js';
import { readLines } from './read-lines.js';

/** State of the dashboard. */
export type WatchPhase = 'connecting' | 'asking' | 'live' | 'lost' | 'ended';

export const phase = signal<WatchPhase>('connecting');
export const run = signal<ReportRun | null>(null);
/** The run comes from a folder, whose server stays; a coordinator goes with its run. */
export const replayed = signal(false);
/** Refusal of the last control by the coordinator; empty when it was accepted. */
export const refusal = signal('');

/** A line of the coordinator's feed: the run with the metrics from that line on. */
interface StreamedRun {
  readonly from: number;
  readonly run: ReportRun;
}

/** Milliseconds until a lost feed is asked for again. */
const RETRY_AFTER = 2000;

/** Follows the run until it has ended, over lost connections. */
export async function follow(): Promise<void> {
  // A coordinator has a job to take part in.
  replayed.value = (await fetch('/api/job').catch(() => null))?.status === 404;
  for (;;) {
    const outcome = await followOnce();
    if (outcome === 'refused') {
      phase.value = 'asking';
      return;
    }
    if (run.value?.summary) {
      phase.value = 'ended';
      return;
    }
    phase.value = run.value ? 'lost' : 'connecting';
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
  }
}

async function followOnce(): Promise<'refused' | 'ended'> {
  try {
    const response = await askAdmin('/api/stream');
    if (response.status === 401) return 'refused';
    if (!response.ok || !response.body) return 'ended';
    for await (const line of readLines(response.body)) {
      take(JSON.parse(line) as StreamedRun);
      if (!run.value?.summary) phase.value = 'live';
      // A finished run says everything at once, and its feed may stay open.
      if (run.value?.summary) return 'ended';
    }
  } catch {
    // The coordinator went away; what was shown stays.
  }
  return 'ended';
}

function take({ from, run: next }: StreamedRun): void {
  const before: readonly RoundMetrics[] = run.value?.metrics ?? [];
  // Charts are drawn anew when these change, so the same lines stay the same array.
  const same = next.metrics.length === 0 && from === before.length;
  run.value = { ...next, metrics: same ? before : [...before.slice(0, from), ...next.metrics] };
}

/** A control of the run. */
export async function control(name: 'start' | 'pause' | 'resume' | 'stop'): Promise<void> {
  const response = await askAdmin(`/api/${name}`, { method: 'POST' }).catch(() => null);
  refusal.value =
    response?.ok === true ? '' : 'The coordinator did not take that: it is gone, or the token is wrong.';
}

/** Saves the model reached so far as a file. */
export async function download(): Promise<void> {
  const response = await askAdmin('/api/model').catch(() => null);
  if (response?.ok !== true) {
    refusal.value = 'There is no model to download yet.';
    return;
  }
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = 'model.espalier';
  link.click();
  URL.revokeObjectURL(url);
}
