import { randomBytes } from 'node:crypto';
import { runClient, type ClientReport, type RunningClient } from '@espalier/client';
import { createNodeTrainer, openModel, prepareClientData, prepareServerData } from '@espalier/client-node';
import type { Job, Trainer } from '@espalier/core';
import type { FrameConnection } from '@espalier/core/protocol';
import { memoryConnectionPair } from '@espalier/proto';
import { sharedToken } from '@espalier/server';
import {
  Coordinator,
  memoryJournal,
  noStore,
  type CoordinatorOptions,
  type RunResult,
  type RunStore,
} from '@espalier/server/coordinator';

/** The platform's timers, in seconds. */
export const schedule = (seconds: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, seconds * 1000);
  return () => {
    clearTimeout(timer);
  };
};

/** Seconds from an arbitrary origin. */
export const clock = (): number => performance.now() / 1000;

/** A coordinator in this process, with the parts that tests look at. */
export interface HostedCoordinator {
  readonly coordinator: Coordinator;
  readonly log: string[];
}

/** A coordinator over the job's own data, its trainer in this thread. */
export async function hostCoordinator(
  job: Job,
  {
    token = null,
    store = noStore,
    folder = null,
    trainer = null,
    options = {},
  }: {
    readonly token?: string | null;
    readonly store?: RunStore;
    readonly folder?: string | null;
    readonly trainer?: Trainer | null;
    readonly options?: Partial<CoordinatorOptions>;
  } = {},
): Promise<HostedCoordinator> {
  const { server, test, classes } = await prepareServerData(job, folder);
  const { graph, initial } = await openModel(job, classes.length);
  const log: string[] = [];
  const write = (message: string): void => void log.push(message);
  const coordinator = new Coordinator({
    job,
    classes,
    graph,
    initial,
    trainer: trainer ?? (await localTrainer()),
    serverData: server,
    testData: test,
    serverSamplesPerClass: job.pretrain.samplesPerClass,
    admission: token === null ? null : sharedToken(token),
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    schedule,
    clock,
    log: { info: write, warn: write, error: write },
    store,
    journal: memoryJournal(),
    ...options,
  });
  return { coordinator, log };
}

/** A trainer in this thread. */
export function localTrainer(): Promise<Trainer> {
  return createNodeTrainer();
}

/** A client of one part over connections that are handed in. */
export function startClient(
  part: number,
  connect: () => Promise<FrameConnection>,
  options: {
    readonly token?: string | null;
    /** The data folder, for jobs that read one. */
    readonly folder?: string | null;
    readonly makeTrainer?: () => Promise<Trainer>;
    readonly onEvent?: (event: ClientReport) => void;
    readonly schedule?: typeof schedule;
    /** Multiply-accumulates per second that the device reports; 0 for unknown. */
    readonly macsPerSecond?: number;
  } = {},
): RunningClient {
  return runClient({
    connect,
    loadData: (job) => prepareClientData(job, { folder: options.folder ?? null, part }),
    makeTrainer: options.makeTrainer ?? localTrainer,
    token: options.token ?? null,
    name: `part ${part + 1}`,
    part,
    profile: { memoryBytes: 0, macsPerSecond: options.macsPerSecond ?? 0, platform: 'test' },
    schedule: options.schedule ?? schedule,
    clock,
    ...(options.onEvent ? { onEvent: options.onEvent } : {}),
  });
}

/** A whole run in this process; clients start in the order given. */
export async function runInProcess(
  job: Job,
  order: readonly number[],
  { store = noStore, folder = null }: { readonly store?: RunStore; readonly folder?: string | null } = {},
): Promise<RunResult> {
  const { coordinator } = await hostCoordinator(job, { store, folder });
  const clients = order.map((part) =>
    startClient(
      part,
      () => {
        const [near, far] = memoryConnectionPair();
        coordinator.accept(near);
        return Promise.resolve(far);
      },
      { folder },
    ),
  );
  const result = await coordinator.ended;
  await Promise.all(clients.map(({ ended }) => ended));
  return result;
}
