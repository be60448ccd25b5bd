import {
  divideFleet,
  openFleetImages,
  openModel,
  type FleetData,
  type FleetImages,
} from '@espalier/client-node';
import { EspalierError, randomStream, type Job } from '@espalier/core';
import { isComputing } from '@espalier/core/protocol';
import { carriedShare } from '@espalier/core/round';
import {
  Coordinator,
  memoryJournal,
  nodeHash,
  type CoordinatorOptions,
  type Log,
  type RunReport,
  type RunResult,
  type RunStore,
} from '@espalier/server/coordinator';
import { checkMemory } from './devices/check-memory.js';
import { deviceProfile, idealDevice, type Device } from './devices/device.js';
import { SharedInstances } from './fleet/shared-instances.js';
import { Trouble } from './fleet/trouble.js';
import { startVirtualClient } from './fleet/virtual-client.js';
import { PooledTrainer } from './pool/pooled-trainer.js';
import type { TrainerPool } from './pool/trainer-pool.js';
import { drive } from './timeline/drive.js';
import { Timeline } from './timeline/timeline.js';
import { WorkMeter } from './timeline/work-meter.js';

/** Settings of a simulated run. */
export interface SimulateOptions {
  readonly job: Job;
  /** Threads that do the arithmetic; the result does not depend on their number. */
  readonly pool: TrainerPool;
  /** The job's data folder; null for data that needs none. */
  readonly folder: string | null;
  /** The job's images where they are decoded already; null to decode them. */
  readonly images?: FleetImages | null;
  /** Folder of decoded images for the next start; null keeps none. */
  readonly cache?: string | null;
  /** Every client's device, by partition index; null for devices that take no time. */
  readonly devices?: readonly Device[] | null;
  readonly store: RunStore;
  readonly log?: Log;
  readonly onReport?: (report: RunReport) => void;
  /** Aborting it stops the run: what is being computed is finished, and the model reached is kept. */
  readonly signal?: AbortSignal;
}

/** A finished simulation. */
export interface SimulatedRun extends RunResult {
  /** Seconds on this machine from the first message to the last, without decoding. */
  readonly wallSeconds: number;
  /** Seconds of the simulated fleet's time; 0 without devices. */
  readonly virtualSeconds: number;
  readonly classes: readonly string[];
  /** Training samples per client and class. */
  readonly partition: readonly (readonly number[])[];
  /** Share of the mask that each client was given, by partition index. */
  readonly shares: readonly number[];
  /** The trainers' threshold: see {@link TrainerKind}. */
  readonly denseFrom: number;
}

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Runs a job with all its clients in this process: the coordinator, the reducers and the messages of a real run, bytes
 * counted at the connections, time told by the devices. The model is the same bit for bit as over sockets.
 * With devices, every time in the record is virtual; without, it is this machine's.
 * @throws EspalierError what would end a real run, and `stopped` when no client can come back any more, or the signal
 * came before the run had begun
 */
export async function simulate(options: SimulateOptions): Promise<SimulatedRun> {
  const { job, folder, cache = null, devices = null, signal } = options;
  const images = options.images ?? (await openFleetImages(job, folder, { cache }));
  checkWanted(signal);
  const fleet = await divideFleet(images, job);
  const started = performance.now();
  const timeline = new Timeline();
  const result = await runFleet(options, fleet, timeline);
  return {
    ...result,
    wallSeconds: (performance.now() - started) / 1000,
    virtualSeconds: devices === null ? 0 : timeline.now,
    classes: fleet.classes,
    partition: fleet.counts,
    denseFrom: options.pool.kind.denseFrom,
    shares: fleet.counts.map((counts, part) => {
      const profile = deviceProfile(devices?.[part] ?? idealDevice);
      const samples = counts.reduce((sum, count) => sum + count, 0);
      return carriedShare(result.graph, job, { profile, samples });
    }),
  };
}

/** Nobody listens to the signal while images are read. */
function checkWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EspalierError('stopped', 'it was interrupted before the run had begun');
}

async function runFleet(options: SimulateOptions, fleet: FleetData, timeline: Timeline): Promise<RunResult> {
  const { job, pool, devices = null, signal } = options;
  const meter = new WorkMeter();
  const trouble = new Trouble(job.clientsPerRound);
  const coordinator = new Coordinator(await coordinatorOptions(options, fleet, { timeline, meter, trouble }));
  checkWanted(signal);
  const shared = new SharedInstances();
  const accept = coordinator.accept.bind(coordinator);
  const world = { timeline, pool, shared, seed: job.seed, accept };
  for (const [part, samples] of fleet.clients.entries()) {
    startVirtualClient(world, { part, samples, device: devices?.[part] ?? idealDevice });
  }
  const stop = (): void => {
    coordinator.stop('interrupted');
  };
  signal?.addEventListener('abort', stop, { once: true });
  const end = new EndNote(coordinator.ended);
  const computing = (): boolean => isComputing(coordinator.phase);
  const finished = await drive({ timeline, meter, computing, ended: () => end.reached || trouble.hopeless });
  signal?.removeEventListener('abort', stop);
  if (!finished || !end.reached) throw stuck(coordinator, trouble.last);
  return coordinator.ended;
}

/** Note of whether a promise has settled, as far as can be seen without waiting. */
class EndNote {
  reached = false;

  constructor(ended: Promise<unknown>) {
    const note = (): void => {
      this.reached = true;
    };
    ended.then(note, note);
  }
}

interface RunTools {
  readonly timeline: Timeline;
  readonly meter: WorkMeter;
  readonly trouble: Trouble;
}

async function coordinatorOptions(
  { job, pool, devices = null, store, log = silent, onReport }: SimulateOptions,
  { classes, server, test }: FleetData,
  { timeline, meter, trouble }: RunTools,
): Promise<CoordinatorOptions> {
  const { graph, initial } = await openModel(job, classes.length);
  if (devices !== null) checkMemory(graph, job, devices);
  // Nobody can guess at anything here, and every run draws the same.
  const ids = randomStream({ seed: job.seed, purpose: 'simulation/ids' });
  return {
    job,
    classes,
    graph,
    initial,
    // Evaluations may go on beside the next round; everything else is waited for.
    trainer: new PooledTrainer(pool, ({ kind }, work) => meter.track(work, kind !== 'forward')),
    serverData: server,
    testData: test,
    serverSamplesPerClass: job.pretrain.samplesPerClass,
    admission: null,
    randomBytes: (length) => Uint8Array.from({ length }, () => ids.below(256)),
    hash: nodeHash,
    schedule: (seconds, callback) => timeline.plan(seconds, callback),
    clock: devices === null ? () => performance.now() / 1000 : () => timeline.now,
    log: trouble.watching(log),
    store: trackedStore(store, meter),
    journal: memoryJournal(),
    onReport: (report) => {
      trouble.movedOn();
      onReport?.(report);
    },
  };
}

/** Files are written in real time: virtual time waits for them. */
function trackedStore(store: RunStore, meter: WorkMeter): RunStore {
  return {
    checkpoint: (round, bundle) => meter.track(store.checkpoint(round, bundle)),
    metrics: (line) => meter.track(store.metrics(line)),
    restoreMetrics: (lines) => meter.track(store.restoreMetrics(lines)),
    finish: (summary, bundle) => meter.track(store.finish(summary, bundle)),
  };
}

function stuck(coordinator: Coordinator, reason: string | null): EspalierError {
  const { round, rounds, phase } = coordinator.status();
  const why =
    reason ?? "no client can answer or come back; look at the devices' drop-out and the job's quorum";
  return new EspalierError(
    'stopped',
    `the simulation came to a standstill in round ${round} of ${rounds} (${phase}): ${why}`,
    { round },
  );
}
