import { batch, computed, signal } from '@preact/signals';
import type { Dataset } from '@espalier/core';
import type { ClientIdentity, ClientOutcome } from '@espalier/core/protocol';
import type { Invitation } from '@espalier/core/report';
import type { DeviceReport } from '../check/device-check.js';
import { runCheck } from '../check/run-check.js';
import type { TrainerChoice } from '../work/backends.js';
import type { LayerPicture } from '../work/mask-picture.js';
import type { FinalHashes, SessionFigures, SessionReport } from '../work/session-messages.js';
import { createTryModel, type TryModel } from '../try/try-model.js';
import { NO_FIGURES } from '../work/session-meter.js';
import { openInvitation, takeToken } from './invitation.js';
import {
  forgetSeat,
  readSeat,
  writeData,
  writeModel,
  writeSeat,
  type StoredSeat,
} from '../seat/seat-store.js';
import { TabSlot } from './tab-slot.js';

/** State of the page. */
export type JoinPhase =
  'loading' | 'unreachable' | 'over' | 'elsewhere' | 'choosing' | 'running' | 'paused' | 'ended';

/** Images chosen, decoded to the job's shape. */
export interface ChosenData {
  readonly dataset: Dataset;
  /** Part of the partition, or null for images of one's own. */
  readonly part: number | null;
  /** Short description of where the images come from. */
  readonly chosen: string;
}

/** Result of a session. */
export interface JoinEnd {
  readonly outcome: ClientOutcome;
  readonly final: FinalHashes | null;
}

export const phase = signal<JoinPhase>('loading');
export const invitation = signal<Invitation | null>(null);
/** Why the page cannot go on. */
export const trouble = signal('');
export const data = signal<ChosenData | null>(null);
export const token = signal('');
export const clientName = signal(`browser ${platform().split(' ')[1] ?? ''}`.trim());
export const choice = signal<TrainerChoice>({ backend: 'engine', threads: 1, memoryBudget: defaultBudget() });
export const check = signal<DeviceReport | 'running' | null>(null);
export const figures = signal<SessionFigures>(NO_FIGURES);
export const losses = signal<readonly number[]>([]);
export const masks = signal<readonly LayerPicture[]>([]);
export const end = signal<JoinEnd | null>(null);
/** The final model, once it has come; its worker is started with the session. */
export const tried = signal<TryModel | null>(null);

/** Reason why the user cannot start yet; null when they can. */
export const notReady = computed(() => {
  const job = invitation.value;
  if (!job) return 'The job is not known yet.';
  if (!data.value) return 'Choose images first.';
  if (data.value.dataset.labels.length === 0) return 'None of the chosen images can be used.';
  if (job.needsToken && token.value.trim() === '') return 'Enter the join token that you were given.';
  if (check.value === null || check.value === 'running') return 'The device is being checked.';
  return check.value.problem;
});

const tab = new TabSlot();
let worker: Worker | null = null;
let seat: StoredSeat | null = null;
/** Since a person last started. */
let deviceLosses = 0;

/** Asks for the job, and goes on where this tab was. */
export async function open(): Promise<void> {
  const found = await openInvitation();
  if ('problem' in found) {
    batch(() => {
      phase.value = found.over ? 'over' : 'unreachable';
      trouble.value = found.problem;
    });
    return;
  }
  invitation.value = found.invitation;
  token.value = takeToken() ?? '';
  if (await tab.take()) await resume();
  else phase.value = 'elsewhere';
}

/** Takes part beside another tab of this browser. */
export async function openSecond(): Promise<void> {
  tab.takeAnother();
  await resume();
}

async function resume(): Promise<void> {
  const stored = await readSeat(tab.slot, jobKey());
  if (!stored) {
    phase.value = 'choosing';
    return;
  }
  ({ seat } = stored);
  const { part, chosen, backend, threads, memoryBudget, wants, name } = seat;
  batch(() => {
    data.value = { dataset: stored.data, part, chosen };
    choice.value = { backend, threads, memoryBudget };
    clientName.value = name;
    if (token.value === '') token.value = seat?.token ?? '';
  });
  if (wants === 'run') launch(seat, stored.data);
  else if (wants === 'pause') phase.value = 'paused';
  else {
    phase.value = 'choosing';
    await checkAgain();
  }
}

/** Takes chosen images; the first choice also checks the device. */
export async function choose(chosen: ChosenData): Promise<void> {
  data.value = chosen;
  if (check.value === null) await checkAgain();
}

/** Proves the device with the present choice of trainer. */
export async function checkAgain(): Promise<void> {
  const job = invitation.value;
  if (!job) return;
  const asked = choice.value;
  check.value = 'running';
  const { graph, batchSize, targetDensity } = job;
  const report = await runCheck({ job: { graph, batchSize, targetDensity }, choice: asked });
  if (choice.value === asked) check.value = report;
}

/** Joins with what was chosen. */
export async function start(): Promise<void> {
  const chosen = data.value;
  const checked = check.value;
  if (!chosen || checked === null || checked === 'running' || notReady.value !== null) return;
  const { dataset, part, chosen: words } = chosen;
  seat = {
    slot: tab.slot,
    job: jobKey(),
    token: token.value.trim() === '' ? null : token.value.trim(),
    name: clientName.value.trim() === '' ? 'browser' : clientName.value.trim(),
    part,
    identity: null,
    wants: 'run',
    ...choice.value,
    macsPerSecond: checked.macsPerSecond,
    chosen: words,
  };
  await writeData(seat.slot, dataset);
  await writeSeat(seat);
  deviceLosses = 0;
  launch(seat, dataset);
}

/** Stops at once; the round's work is begun again when it goes on. Nothing half done is sent. */
export async function pause(): Promise<void> {
  endWorker();
  phase.value = 'paused';
  await remember({ wants: 'pause' });
}

/** Goes on after a pause, or after a failure. */
export async function goOn(): Promise<void> {
  await remember({ wants: 'run' });
  if (seat && data.value) launch(seat, data.value.dataset);
}

/** Leaves for good: the coordinator is told, and what was kept is forgotten. */
export async function leave(): Promise<void> {
  if (worker) worker.postMessage({ kind: 'leave' });
  else await ended({ kind: 'ended', outcome: { kind: 'stopped' }, final: null });
}

/** Back to the choice of images, which stays as it is. */
export async function again(): Promise<void> {
  end.value = null;
  phase.value = 'choosing';
  if (check.value === null) await checkAgain();
}

function launch(from: StoredSeat, dataset: Dataset): void {
  endWorker();
  batch(() => {
    phase.value = 'running';
    tried.value ??= createTryModel();
    figures.value = NO_FIGURES;
    losses.value = [];
    end.value = null;
  });
  worker = new Worker(new URL('../work/session-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data: report }: MessageEvent<SessionReport>) => {
    hear(report);
  };
  worker.onerror = ({ message }) => {
    const outcome = {
      kind: 'failed',
      code: 'internal',
      message: `the tab's worker stopped: ${message}`,
    } as const;
    void ended({ kind: 'ended', outcome, final: null });
  };
  const { token: shown, name, part, identity, backend, threads, memoryBudget, macsPerSecond } = from;
  worker.postMessage({
    kind: 'start',
    plan: {
      url: location.origin,
      ...{ token: shown, name, part, identity, data: dataset },
      profile: { memoryBytes: memoryBudget, macsPerSecond: Math.round(macsPerSecond), platform: platform() },
      trainer: { backend, threads, memoryBudget },
    },
  });
}

function hear(report: SessionReport): void {
  switch (report.kind) {
    case 'figures':
      showFigures(report.figures);
      return;
    case 'mask':
      masks.value = report.layers;
      return;
    case 'identity':
      void remember({ identity: report.identity });
      return;
    case 'trainerLost':
      trainerLost(report.reason);
      return;
    case 'ended':
      void ended(report);
  }
}

/** Devices lost in a row after which it is no use to begin anew. */
const LOSSES_BORNE = 3;

/** Begins anew from the round's start, in the same seat; nothing that the lost device computed has been sent. */
function trainerLost(reason: string): void {
  deviceLosses++;
  if (seat && data.value && deviceLosses <= LOSSES_BORNE) {
    launch(seat, data.value.dataset);
    return;
  }
  const message = `the trainer stopped ${deviceLosses} times (${reason}): choose another backend in the settings`;
  void ended({
    kind: 'ended',
    outcome: { kind: 'failed', code: 'backend_unavailable', message },
    final: null,
  });
}

/** Loss points kept for the small curve. */
const KEPT_LOSSES = 240;

function showFigures(next: SessionFigures): void {
  batch(() => {
    if (next.loss !== null && next.loss !== figures.value.loss) {
      losses.value = [...losses.value, next.loss].slice(-KEPT_LOSSES);
    }
    figures.value = next;
  });
}

async function ended({ outcome, final }: Extract<SessionReport, { kind: 'ended' }>): Promise<void> {
  endWorker();
  batch(() => {
    end.value = { outcome, final: final?.hashes ?? null };
    phase.value = 'ended';
  });
  if (final) {
    tried.value?.load(final.bundle);
    await writeModel(final.bundle);
  }
  // A person who left, or whose run is over, begins anew; after a failure the seat is still theirs.
  if (outcome.kind === 'failed' && outcome.code === 'connection_lost') await remember({ wants: 'nothing' });
  else if (outcome.kind === 'failed') await remember({ wants: 'nothing', identity: null });
  else {
    seat = null;
    await forgetSeat(tab.slot);
  }
}

function endWorker(): void {
  worker?.terminate();
  worker = null;
}

async function remember(change: {
  readonly wants?: StoredSeat['wants'];
  readonly identity?: ClientIdentity | null;
}): Promise<void> {
  if (!seat) return;
  seat = { ...seat, ...change };
  await writeSeat(seat);
}

/** Returns the identity of a job: another job at the same address does not find the images of this one. */
function jobKey(): string {
  const job = invitation.value;
  return job ? JSON.stringify([job.name, job.seed, job.classes, job.imageShape, job.graph.name]) : '';
}

/** Bytes that the engine may plan with unless told: an eighth of the device, which says at most 8 GiB. */
function defaultBudget(): number {
  const told =
    'deviceMemory' in navigator && typeof navigator.deviceMemory === 'number' ? navigator.deviceMemory : 4;
  return Math.round((told * 2 ** 30) / 8);
}

/** Returns a short name of this browser. */
function platform(): string {
  const { userAgent } = navigator;
  const known = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(userAgent);
  const name =
    known?.[1] === 'Version' ? 'Safari' : known?.[1] === 'Edg' ? 'Edge' : (known?.[1] ?? 'unknown');
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux)/.exec(userAgent)?.[1] ?? '';
  return `browser ${name} ${known?.[2] ?? ''} ${system}`.trim();
}
