import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EspalierError } from '@espalier/core';
import { parseJob, type ServedJob } from '@espalier/server';
import { hostJob } from '../host-job.js';
import type { Terminal } from '../terminal.js';
import { IMAGE_SHAPE } from './load-client.js';
import { cpuSeconds } from './cpu-seconds.js';
import { LoadProcesses, startBareServer, type BareProcess, type Burst } from './load-processes.js';
import { plainPassSeconds } from './plain-pass.js';

/** Size and settings of the measurement. */
export interface ServerBenchOptions {
  readonly clients: number;
  /** Weights of the model, about. */
  readonly weights: number;
  readonly rounds: number;
  /** Uploads under way at a time, over all clients. */
  readonly inFlight: number;
  /** Processes that play clients. */
  readonly processes: number;
}

/** Updates a second, and their bytes. */
export interface Throughput {
  readonly updatesPerSecond: number;
  readonly megabytesPerSecond: number;
  /** Processor milliseconds of the serving process, all its threads; other work on the machine does not change it. */
  readonly cpuMsPerUpdate: number;
}

interface MeasuredBurst extends Burst {
  readonly cpu: number;
}

/** A coordinator's figures beside those of a bare socket.io server in the same run. */
export interface ServerBenchResult extends Throughput {
  readonly clients: number;
  readonly weights: number;
  readonly rounds: number;
  /** From an update's first byte to its acceptance, milliseconds. */
  readonly ackMs: { readonly p50: number; readonly p99: number };
  /** Most memory the coordinator's process held, and what it held at the end of every round. */
  readonly peakBytes: number;
  readonly roundBytes: readonly number[];
  /** Until every client was admitted. */
  readonly joinSeconds: number;
  /** From a round's closing until every client had the next model, mean. */
  readonly downloadSeconds: number;
  /** From the last update of a round to its closing, mean: aggregation, checkpoint, snapshot, the next models' queueing. */
  readonly closingSeconds: number;
  /** Until a round's updates were one, mean, beside reading and adding the same bytes once. */
  readonly aggregate: { readonly seconds: number; readonly plainPassSeconds: number; readonly ratio: number };
  /** `ratio` is the coordinator's updates a second, closing included, over the bare server's. */
  readonly reference: Throughput & {
    readonly ratio: number;
    /** The bare server's processor time for an update over the coordinator's. */
    readonly cpuRatio: number;
  };
}

interface Round {
  readonly upload: MeasuredBurst;
  readonly closing: number;
  readonly download: number;
  /** Seconds of it that the updates took to become one. */
  readonly aggregating: number;
  /** Seconds of a plain pass over the same bytes. */
  readonly plainPass: number;
  /** Bytes that the process holds. */
  readonly bytes: number;
  readonly reference: MeasuredBurst;
}

interface Bench {
  readonly served: ServedJob;
  readonly load: LoadProcesses;
  readonly bare: BareProcess;
  readonly plainPass: () => Promise<number>;
}

/** Runs the job of ready-made updates, every round beside the same bytes sent to a bare server. */
export async function benchServer(
  options: ServerBenchOptions,
  terminal: Terminal,
): Promise<ServerBenchResult> {
  const job = benchJob(options);
  const folder = await mkdtemp(join(tmpdir(), 'espalier-bench-'));
  const load = new LoadProcesses(options.processes);
  const bare = await startBareServer(2 * job.maxFrameBytes);
  try {
    const served = await hostJob(
      {
        job,
        folder: null,
        host: '127.0.0.1',
        port: 0,
        runs: folder,
        resume: null,
        keepUpdates: false,
        open: false,
        tls: null,
        backend: null,
        cache: null,
        // All come from one address, at once.
        limits: { connectionsPerAddress: 2 * options.clients, framesPerSecond: 1e6, handshakeSeconds: 3600 },
        onReport: () => undefined,
      },
      terminal,
    );
    const joinSeconds = await joinAll(served, load, options);
    await load.all(() => ({ kind: 'connect', url: bare.url }));
    terminal.note(`${options.clients} clients admitted in ${joinSeconds.toFixed(1)} s`);
    const rounds: Round[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const done = await runRound({ served, load, bare, plainPass: () => plainPass(folder, options) }, round);
      rounds.push(done);
      terminal.note(roundNote(done, options.clients));
    }
    await served.ended;
    return { ...figures(rounds, options), weights: weightsOf(options), joinSeconds };
  } finally {
    load.end();
    bare.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function joinAll(
  served: ServedJob,
  load: LoadProcesses,
  { clients, processes, inFlight }: ServerBenchOptions,
): Promise<number> {
  const began = performance.now();
  const share = (process: number): number => Math.floor((process * clients) / processes);
  await load.all((process) => ({
    kind: 'join',
    url: served.url,
    token: served.joinToken ?? '',
    from: share(process),
    count: share(process + 1) - share(process),
    inFlight: Math.max(1, Math.round(inFlight / processes)),
  }));
  return (performance.now() - began) / 1000;
}

/** Odd rounds measure the bare server first, so that a machine that slows down favours neither. */
async function runRound({ served, load, bare, plainPass }: Bench, round: number): Promise<Round> {
  const began = performance.now();
  await load.all(() => ({ kind: 'await', round }));
  const download = (performance.now() - began) / 1000;
  // In every round, so that a machine that slows down slows both sides of the comparison.
  const plain = await plainPass();
  const before = round % 2 === 1 ? await referenceBurst(load, bare) : null;
  const cpu = cpuSeconds();
  const upload = await load.burst('upload');
  const closing = await closingSeconds(served, round);
  const own = { ...upload, cpu: cpuSeconds() - cpu };
  const { rss: bytes } = process.memoryUsage();
  const aggregating = served.status().aggregation.last;
  const reference = before ?? (await referenceBurst(load, bare));
  return { upload: own, closing, aggregating, plainPass: plain, download, bytes, reference };
}

/** Seconds that reading and adding a round's values once takes, by itself. */
function plainPass(folder: string, options: ServerBenchOptions): Promise<number> {
  const bytes = weightsOf(options) * Float32Array.BYTES_PER_ELEMENT;
  return plainPassSeconds(folder, { bytes, count: options.clients });
}

async function referenceBurst(load: LoadProcesses, bare: BareProcess): Promise<MeasuredBurst> {
  const cpu = await bare.cpuSeconds();
  const burst = await load.burst('reference');
  return { ...burst, cpu: (await bare.cpuSeconds()) - cpu };
}

/** Seconds until the round is closed. */
async function closingSeconds(served: ServedJob, round: number): Promise<number> {
  const began = performance.now();
  for (;;) {
    const now = served.status();
    if (now.round > round || now.phase === 'finished') return (performance.now() - began) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function figures(
  rounds: readonly Round[],
  { clients }: ServerBenchOptions,
): Omit<ServerBenchResult, 'weights' | 'joinSeconds'> {
  const own = throughput(
    rounds.map(({ upload, closing }) => ({ ...upload, seconds: upload.seconds + closing })),
    clients,
  );
  const reference = throughput(
    rounds.map((round) => round.reference),
    clients,
  );
  const acks = rounds.flatMap(({ upload }) => upload.ackMs).sort((a, b) => a - b);
  const seconds = mean(rounds.map(({ aggregating }) => aggregating));
  const plain = mean(rounds.map((round) => round.plainPass));
  return {
    clients,
    rounds: rounds.length,
    ...own,
    ackMs: { p50: quantile(acks, 0.5), p99: quantile(acks, 0.99) },
    peakBytes: process.resourceUsage().maxRSS * 1024,
    roundBytes: rounds.map(({ bytes }) => bytes),
    downloadSeconds: mean(rounds.map(({ download }) => download)),
    closingSeconds: mean(rounds.map(({ closing }) => closing)),
    aggregate: { seconds, plainPassSeconds: plain, ratio: seconds / plain },
    reference: {
      ...reference,
      ratio: own.updatesPerSecond / reference.updatesPerSecond,
      cpuRatio: reference.cpuMsPerUpdate / own.cpuMsPerUpdate,
    },
  };
}

function throughput(bursts: readonly MeasuredBurst[], clients: number): Throughput {
  const seconds = bursts.reduce((sum, burst) => sum + burst.seconds, 0);
  const bytes = bursts.reduce((sum, burst) => sum + burst.bytes, 0);
  const cpu = bursts.reduce((sum, burst) => sum + burst.cpu, 0);
  const updates = bursts.length * clients;
  return {
    updatesPerSecond: updates / seconds,
    megabytesPerSecond: bytes / 1e6 / seconds,
    cpuMsPerUpdate: (1000 * cpu) / updates,
  };
}

function roundNote(
  { upload, closing, aggregating, plainPass, download, reference }: Round,
  clients: number,
): string {
  const rate = (burst: Burst): string => (clients / burst.seconds).toFixed(0);
  return `download ${download.toFixed(1)} s, upload ${rate(upload)}/s, closing ${closing.toFixed(2)} s, of it aggregating ${aggregating.toFixed(2)} s (plain pass ${plainPass.toFixed(2)} s); bare ${rate(reference)}/s`;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;

const INPUTS = IMAGE_SHAPE[0] * IMAGE_SHAPE[1] * IMAGE_SHAPE[2];
const CLASSES = 10;

/** Units of a network with two hidden layers that has about that many weights. */
function widthOf(weights: number): number {
  const linear = INPUTS + CLASSES + 2;
  const width = Math.round((Math.sqrt(linear ** 2 + 4 * (weights - CLASSES)) - linear) / 2);
  if (width >= 1) return width;
  throw new EspalierError(
    'invalid_argument',
    `--weights is ${weights}; expected at least ${linear + CLASSES + 1}`,
  );
}

function weightsOf({ weights }: ServerBenchOptions): number {
  const width = widthOf(weights);
  return width ** 2 + (INPUTS + CLASSES + 2) * width + CLASSES;
}

function benchJob({ clients, weights, rounds }: ServerBenchOptions): ReturnType<typeof parseJob> {
  return parseJob(`
name: bench
seed: 1
method: fedavg
model: { name: mlp, width: ${widthOf(weights)} }
data: { kind: procedural, numClasses: ${CLASSES}, samplesPerClass: ${Math.max(10, Math.ceil(clients / 2))}, testSamplesPerClass: 1 }
imageSize: ${IMAGE_SHAPE[0]}
partition: { kind: iid }
numClients: ${clients}
rounds: ${rounds}
batchSize: 8
learningRate: 0.05
momentMode: pooled
pretrain: { epochs: 0, samplesPerClass: 0 }
quorum: 1
joinTimeout: 600
roundTimeout: 600
returnTimeout: 600
`);
}
