import { cpus, hostname, totalmem } from 'node:os';
import { connectSocket, runClient, type ClientReport } from '@espalier/client';
import { createThreadTrainer, prepareClientData } from '@espalier/client-node';
import { trainerOptions } from '../trainer-options.js';
import { EspalierError } from '@espalier/core';
import type { ClientJob, ClientOutcome } from '@espalier/core/protocol';
import { nodeHash } from '@espalier/server';
import { cacheOf, type CacheFlag } from '../data/cache-flag.js';
import { noteSkipped } from '../data/note-skipped.js';
import { EXIT, exitCodeOf, type ExitCode } from '../exit-codes.js';
import type { PartOfWhole } from '../flags/flag-numbers.js';
import { onInterrupt } from '../interrupt.js';
import { nodeClock, nodeSchedule } from '../platform.js';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Flags of `espalier join`. */
export interface JoinFlags extends CacheFlag {
  readonly data?: string;
  readonly part?: PartOfWhole;
  readonly name?: string;
  readonly token?: string;
  readonly backend?: string;
  /** Bytes that training may use. */
  readonly memory?: number;
  /** Threads of the sparse engine. */
  readonly threads: number;
  readonly format: OutputFormat;
}

/** Takes part in a job until it ends; gives the exit code. */
export async function join(url: string, flags: JoinFlags, terminal: Terminal): Promise<ExitCode> {
  const client = runClient({
    connect: () => connectSocket(url),
    loadData: (job) => readData(job, flags, terminal),
    makeTrainer: ({ graph }) =>
      createThreadTrainer({ ...trainerOptions(flags.backend, graph), threads: flags.threads }),
    token: flags.token ?? null,
    name: flags.name ?? defaultName(flags),
    part: flags.part?.part ?? null,
    profile: { memoryBytes: flags.memory ?? totalmem(), macsPerSecond: 0, platform: platformName() },
    hash: nodeHash,
    schedule: nodeSchedule,
    clock: nodeClock,
    onEvent: (event) => {
      tell(event, flags.format, terminal);
    },
  });
  const release = onInterrupt(() => {
    client.stop('interrupted');
  });
  const outcome = await client.ended;
  release();
  return conclude(outcome, terminal);
}

async function readData(
  job: ClientJob,
  flags: JoinFlags,
  terminal: Terminal,
): ReturnType<typeof prepareClientData> {
  const { data, part } = flags;
  if (part && part.parts !== job.numClients) {
    throw new EspalierError(
      'invalid_argument',
      `--part says ${part.parts} parts, the job is split over ${job.numClients} clients: give --part ${part.part + 1}/${job.numClients}`,
    );
  }
  const prepared = await prepareClientData(job, {
    folder: data ?? null,
    part: part?.part ?? null,
    cache: cacheOf(flags),
  });
  noteSkipped(prepared.skipped, terminal);
  return prepared;
}

function conclude(outcome: ClientOutcome, terminal: Terminal): ExitCode {
  switch (outcome.kind) {
    case 'finished':
      terminal.note('the job is finished');
      return EXIT.ok;
    case 'stopped':
      return EXIT.interrupted;
    case 'failed':
      terminal.note(`espalier: [${outcome.code}] ${outcome.message}`);
      return exitCodeOf(outcome.code);
  }
}

function tell(event: ClientReport, format: OutputFormat, terminal: Terminal): void {
  if (format === 'json') {
    if (event.kind !== 'progress') terminal.out(JSON.stringify(event));
    return;
  }
  const text = sentence(event);
  if (text !== null) terminal.note(text);
}

function sentence(event: ClientReport): string | null {
  switch (event.kind) {
    case 'note':
      return event.message;
    case 'admitted':
      return `taking part as part ${event.partitionIndex + 1} with ${event.samples} samples, training with ${event.backend}${hint(event.backend)}`;
    case 'task':
      return event.round === null ? `working: ${event.task}` : `round ${event.round + 1}: ${event.task}`;
    case 'progress':
    case 'sent':
      return null;
  }
}

/** Masked-dense training costs the same at every density; a user who gets it unasked should know why. */
function hint(backend: string): string {
  return backend.startsWith('tfjs-') ? ' (espalier doctor says why not the sparse engine)' : '';
}

function defaultName({ part }: JoinFlags): string {
  return part ? `${hostname()} part ${part.part + 1}` : hostname();
}

function platformName(): string {
  const [first] = cpus();
  return `node ${process.versions.node} ${process.platform} ${process.arch} ${first?.model ?? ''}`.trim();
}
