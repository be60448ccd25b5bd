import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { runClient, type RunningClient } from '@espalier/client';
import { openModel, prepareClientData, prepareServerData } from '@espalier/client-node';
import { EspalierError, type Job } from '@espalier/core';
import type { ClientJob, FrameConnection } from '@espalier/core/protocol';
import { memoryConnectionPair } from '@espalier/proto';
import { createRunFolder, openRunFolder, RUN_FILES, runSigns, StateFolder } from '@espalier/server';
import { Coordinator, type Journal, type RunResult, type RunStore } from '@espalier/server/coordinator';
import { clock, schedule } from './in-process.js';
import { stubTrainer } from './stub-trainer.js';

/** Counts every step to or from the disk and, at the chosen ones, kills the process that takes it. */
export class Fate {
  /** Steps so far, over all lives of the coordinator. */
  steps = 0;
  #dead = false;
  readonly #kills: (step: number) => boolean;

  constructor(kills: (step: number) => boolean) {
    this.#kills = kills;
  }

  /** A step: the dead take none. */
  meet(): void {
    if (!this.#dead && this.#kills(++this.steps)) this.#dead = true;
    if (this.#dead) throw new EspalierError('internal', `killed at step ${this.steps}`);
  }

  revive(): void {
    this.#dead = false;
  }
}

/** Killed before or after the blob, before or after the commit. */
function mortalJournal(journal: Journal, fate: Fate): Journal {
  return {
    recover: () => journal.recover(),
    keep: async (bytes) => {
      fate.meet();
      const name = await journal.keep(bytes);
      fate.meet();
      return name;
    },
    read: (name) => journal.read(name),
    commit: (batch) => {
      fate.meet();
      journal.commit(batch);
      fate.meet();
    },
  };
}

function mortalStore(store: RunStore, fate: Fate): RunStore {
  const around = async (action: () => Promise<void>): Promise<void> => {
    fate.meet();
    await action();
    fate.meet();
  };
  return {
    checkpoint: (round, bundle) => around(() => store.checkpoint(round, bundle)),
    metrics: (line) => around(() => store.metrics(line)),
    restoreMetrics: (lines) => around(() => store.restoreMetrics(lines)),
    finish: (summary, bundle) => around(() => store.finish(summary, bundle)),
  };
}

/** A run and its results. */
export interface SurvivedRun {
  readonly result: RunResult;
  /** Lives of the coordinator. */
  readonly lives: number;
  /** The run folder; gone after the test's own clean-up. */
  readonly folder: string;
}

/**
 * Makes a temporary folder for databases: in memory where the system has such a folder, since every commit
 * waits for the disk.
 */
export function scratchFolder(): Promise<string> {
  return mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'espalier-crash-'));
}

/** Runs the job with a coordinator that is killed as fate wills and started again, until it ends. */
export async function surviveCrashes(job: Job, fate: Fate, parent: string): Promise<SurvivedRun> {
  const { path } = await createRunFolder(parent, job);
  return takeUp(job, fate, path);
}

/** Goes on in that run folder, as {@link surviveCrashes}. @throws EspalierError for a folder that is not taken up. */
export async function takeUp(job: Job, fate: Fate, path: string): Promise<SurvivedRun> {
  const data = await serverData(job);
  const { graph, initial } = await openModel(job, data.classes.length);
  const desk = new Desk();
  let clients: readonly RunningClient[] = [];
  for (let lives = 1; ; lives++) {
    fate.revive();
    const state = await openState(path);
    if (lives === 1)
      clients = Array.from({ length: job.numClients }, (_, part) => startStubClient(part, desk));
    try {
      const coordinator = await Coordinator.open({
        job,
        graph,
        initial,
        classes: data.classes,
        trainer: stubTrainer(),
        serverData: data.server,
        testData: data.test,
        serverSamplesPerClass: job.pretrain.samplesPerClass,
        admission: null,
        randomBytes: (length) => new Uint8Array(randomBytes(length)),
        schedule,
        clock,
        log: silent,
        store: mortalStore(openRunFolder(path), fate),
        journal: mortalJournal(state, fate),
      });
      desk.open(coordinator);
      const result = await coordinator.ended;
      for (const client of clients) client.stop('the run has ended');
      await Promise.all(clients.map(({ ended }) => ended));
      return { result, lives, folder: path };
    } catch (error) {
      if (!(error instanceof EspalierError) || !error.message.includes('killed at step')) throw error;
    } finally {
      desk.close();
      await state.close();
    }
  }
}

/** As `espalier serve` opens it. */
async function openState(path: string): Promise<StateFolder> {
  return StateFolder.open(join(path, RUN_FILES.state), { keepUpdates: false, signs: await runSigns(path) });
}

/** Removes a scratch folder. */
export const clean = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** Directs clients to the coordinator that is currently alive; they wait while there is none. */
class Desk {
  #coordinator: Promise<Coordinator>;
  #announce: (coordinator: Coordinator) => void = () => undefined;
  #isOpen = false;

  constructor() {
    this.#coordinator = new Promise((resolve) => (this.#announce = resolve));
  }

  open(coordinator: Coordinator): void {
    this.#isOpen = true;
    this.#announce(coordinator);
  }

  close(): void {
    // A coordinator killed before it opened: waiting clients keep waiting for the next.
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#coordinator = new Promise((resolve) => (this.#announce = resolve));
  }

  async connect(): Promise<FrameConnection> {
    const coordinator = await this.#coordinator;
    const [near, far] = memoryConnectionPair();
    coordinator.accept(near);
    return far;
  }
}

function startStubClient(part: number, desk: Desk): RunningClient {
  return runClient({
    connect: () => desk.connect(),
    loadData: (job) => clientData(job, part),
    makeTrainer: () => Promise.resolve(stubTrainer()),
    token: null,
    name: `part ${part + 1}`,
    part,
    // Where a job lets devices train parts of its mask, the second has too little memory for the whole.
    profile: { memoryBytes: part === 1 ? 1 : 0, macsPerSecond: 0, platform: 'test' },
    // Nobody waits for a coordinator that is there.
    schedule: (_, callback) => schedule(0, callback),
    clock,
  });
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Images are painted once a job, not once a life. */
const painted = new Map<string, Promise<unknown>>();

function once<T>(key: string, paint: () => Promise<T>): Promise<T> {
  const known = painted.get(key) ?? paint();
  painted.set(key, known);
  return known as Promise<T>;
}

function serverData(job: Job): ReturnType<typeof prepareServerData> {
  return once(`server ${job.name} ${job.seed}`, () => prepareServerData(job, null));
}

function clientData(job: ClientJob, part: number): ReturnType<typeof prepareClientData> {
  return once(`part ${part} ${job.name} ${job.seed}`, () => prepareClientData(job, { folder: null, part }));
}
