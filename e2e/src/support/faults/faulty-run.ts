import { runClient } from '@espalier/client';
import { openModel, prepareClientData, prepareServerData } from '@espalier/client-node';
import { EspalierError, randomStream, type Job, type Trainer } from '@espalier/core';
import type { FrameConnection, JournalEntry } from '@espalier/core/protocol';
import { nodeHash, parseJob } from '@espalier/server';
import { Coordinator, noStore, type Journal, type RunResult } from '@espalier/server/coordinator';
import { stubTrainer } from '../stub-trainer.js';
import { TINY_JOB } from '../tiny-job.js';
import { DurableMemory } from './durable-memory.js';
import { faultyPair, LinkConditions } from './fault-link.js';
import type { Fault, Scenario } from './scenario.js';
import { VirtualTime } from './virtual-time.js';

/** Virtual seconds after which a run that has not ended hangs: many times the sum of its time-outs. */
const LIMIT = 3000;

/** Everything that a run left behind. */
export interface FaultyResult {
  readonly result: RunResult;
  readonly entries: readonly JournalEntry[];
  /** Lives of the coordinator. */
  readonly lives: number;
  readonly seconds: number;
  readonly mostBlobs: number;
}

/** A journal with its entries to look at afterwards. */
export type WatchedJournal = Journal & {
  readonly entries: readonly JournalEntry[];
  readonly mostBlobs: number;
};

/** Differences between a run and the usual one. */
export interface FaultyOptions {
  readonly journal?: WatchedJournal;
  /** Says whether that client answers in that round; true unless given. */
  readonly takesPart?: (part: number, round: number) => boolean;
}

/** The job of a scenario. With a quorum below 1 without selection, so that rounds are all that faults can change. */
export function jobOf({ quorum, clients, rounds, model = 'mlp' }: Scenario): Job {
  const key = `${quorum} ${clients} ${rounds} ${model}`;
  const job = jobs.get(key) ?? readJob({ quorum, clients, rounds, model });
  jobs.set(key, job);
  return job;
}

/** Read once, not once a run. */
const jobs = new Map<string, Job>();

function readJob({ quorum, clients, rounds, model }: Required<Omit<Scenario, 'faults'>>): Job {
  return parseJob(TINY_JOB, {
    overrides: [
      `numClients=${clients}`,
      `rounds=${rounds}`,
      `quorum=${quorum}`,
      `pruning.stopRound=${rounds}`,
      `model.name=${model}`,
      'model.width=3',
      `pool.size=${quorum === 1 ? 3 : 1}`,
      'roundTimeout=60',
      'joinTimeout=60',
      'returnTimeout=40',
    ],
  });
}

/** Runs the scenario to its end over real wire bytes in virtual time. @throws EspalierError when it does not end. */
export async function runFaulty(scenario: Scenario, options: FaultyOptions = {}): Promise<FaultyResult> {
  const run = new FaultyRun(scenario, options);
  return run.end();
}

class FaultyRun {
  readonly #scenario: Scenario;
  readonly #job: Job;
  readonly #time = new VirtualTime();
  readonly #journal: WatchedJournal;
  readonly #takesPart: NonNullable<FaultyOptions['takesPart']>;
  readonly #links: readonly LinkConditions[];
  readonly #skews: readonly { seconds: number; rate: number }[];
  readonly #clients = new Map<number, { alive: boolean }>();
  #coordinator: Coordinator | null = null;
  #life = { alive: false, stepsLeft: Infinity };
  #lives = 0;
  #done: { readonly result: RunResult } | { readonly error: unknown } | null = null;

  constructor(scenario: Scenario, { journal = new DurableMemory(), takesPart = () => true }: FaultyOptions) {
    this.#scenario = scenario;
    this.#job = jobOf(scenario);
    this.#journal = journal;
    this.#takesPart = takesPart;
    this.#links = Array.from({ length: scenario.clients }, () => new LinkConditions());
    this.#skews = this.#links.map((_, part) => {
      const skew = scenario.faults.find((fault) => fault.kind === 'skew' && fault.who === part);
      return skew?.kind === 'skew' ? skew : { seconds: 0, rate: 1 };
    });
  }

  async end(): Promise<FaultyResult> {
    const { faults } = this.#scenario;
    for (const fault of faults)
      this.#time.schedule(fault.at, () => {
        this.#strike(fault);
      });
    void this.#startCoordinator();
    for (const part of this.#links.keys()) this.#startClient(part);
    await this.#time.run(() => this.#done !== null, LIMIT);
    for (const client of this.#clients.values()) client.alive = false;
    if (this.#done && 'error' in this.#done) throw this.#done.error;
    if (!this.#done) throw new EspalierError('internal', 'ended without a result');
    const { entries, mostBlobs } = this.#journal;
    return { result: this.#done.result, entries, lives: this.#lives, seconds: this.#time.now, mostBlobs };
  }

  #strike(fault: Fault): void {
    switch (fault.kind) {
      case 'skew':
        return;
      case 'crash':
        if (fault.who === 'coordinator')
          this.#life.stepsLeft = Math.min(this.#life.stepsLeft, fault.steps ?? 0);
        else this.#crashClient(fault.who, fault.for);
        return;
      case 'pause':
        for (const [part, link] of this.#links.entries()) {
          if (fault.who !== 'coordinator' && fault.who !== part) continue;
          link.stalledUntil = Math.max(link.stalledUntil, this.#time.now + fault.for);
        }
        return;
      case 'slow': {
        const link = this.#links[fault.who]!;
        link.slowness += fault.seconds;
        this.#time.schedule(fault.for, () => (link.slowness -= fault.seconds));
        return;
      }
      default:
        this.#links[fault.who]!.faults.push(fault.kind);
    }
  }

  async #startCoordinator(): Promise<void> {
    const life = { alive: true, stepsLeft: Infinity };
    this.#life = life;
    this.#lives++;
    const origin = 1e6 * this.#lives;
    try {
      const coordinator = await Coordinator.open({
        ...(await material(this.#job)),
        job: this.#job,
        trainer: stubTrainer(),
        serverSamplesPerClass: this.#job.pretrain.samplesPerClass,
        admission: null,
        hash: nodeHash,
        randomBytes: this.#randomBytes(),
        schedule: (seconds, callback) =>
          this.#time.schedule(seconds, () => {
            if (life.alive) callback();
          }),
        // Another process has another origin of its clock.
        clock: () => this.#time.now + origin,
        log: silent,
        store: noStore,
        journal: this.#mortal(life),
      });
      this.#coordinator = coordinator;
      this.#done = { result: await coordinator.ended };
      this.#time.stir();
    } catch (error) {
      if (life.alive) this.#done = { error };
      this.#time.stir();
    }
  }

  /** Ids and tokens: the same in every replay of a scenario, and others in every life. */
  #randomBytes(): (length: number) => Uint8Array {
    const stream = randomStream({ seed: this.#lives, purpose: 'faults' });
    return (length) => Uint8Array.from({ length }, () => stream.below(256));
  }

  /** Every step to or from the disk may be the last. */
  #mortal(life: { alive: boolean; stepsLeft: number }): Journal {
    const meet = (): void => {
      this.#time.stir();
      if (life.alive && life.stepsLeft-- <= 0) this.#crashCoordinator(life);
      if (!life.alive) throw new EspalierError('internal', 'this coordinator is dead');
    };
    return {
      recover: () => this.#journal.recover(),
      keep: async (bytes, sha256) => {
        meet();
        const name = await this.#time.during(this.#journal.keep(bytes, sha256));
        meet();
        return name;
      },
      read: (name) => this.#time.during(this.#journal.read(name)),
      commit: (batch) => {
        meet();
        this.#journal.commit(batch);
        meet();
      },
    };
  }

  #crashCoordinator(life: { alive: boolean }): void {
    life.alive = false;
    this.#coordinator = null;
    for (const link of this.#links) link.cut();
    const crash = this.#scenario.faults.find(
      ({ kind, who, at }) => kind === 'crash' && who === 'coordinator' && at <= this.#time.now,
    );
    this.#time.schedule(crash?.kind === 'crash' ? crash.for : 1, () => void this.#startCoordinator());
  }

  #crashClient(part: number, seconds: number): void {
    const client = this.#clients.get(part);
    if (!client?.alive) return;
    client.alive = false;
    this.#links[part]!.cut();
    this.#time.schedule(seconds, () => {
      this.#startClient(part);
    });
  }

  #startClient(part: number): void {
    const client = { alive: true };
    const { seconds, rate } = this.#skews[part]!;
    this.#clients.set(part, client);
    const running = runClient({
      connect: () => this.#connect(part, client),
      loadData: (job) =>
        once(`part ${part} ${job.name}`, () => prepareClientData(job, { folder: null, part })),
      makeTrainer: () => Promise.resolve(this.#slowTrainer(part)),
      token: null,
      name: `part ${part + 1}`,
      part,
      profile: { memoryBytes: 0, macsPerSecond: 0, platform: 'test' },
      hash: nodeHash,
      schedule: (delay, callback) =>
        this.#time.schedule(delay / rate, () => {
          if (client.alive) callback();
        }),
      clock: () => this.#time.now * rate + seconds,
    });
    // A client that was turned away, as when its part was not yet known to be free, is started again.
    void running.ended.then(() => {
      if (!client.alive || this.#done) return;
      client.alive = false;
      this.#time.schedule(2, () => {
        this.#startClient(part);
      });
      this.#time.stir();
    });
  }

  async #connect(part: number, client: { readonly alive: boolean }): Promise<FrameConnection> {
    await this.#time.sleep(0.01);
    if (!client.alive) return new Promise(() => undefined);
    this.#time.stir();
    if (!this.#coordinator) throw new EspalierError('connection_lost', 'nobody listens');
    const [near, far] = faultyPair(this.#time, this.#links[part]!);
    this.#coordinator.accept(near);
    return far;
  }

  /** A trainer that learns nothing, is slow, and reports a failure in rounds that it is to miss. */
  #slowTrainer(part: number): Trainer {
    const trainer = stubTrainer();
    return {
      ...trainer,
      train: async (dataset, options, control) => {
        await this.#time.sleep(1 + 0.3 * part);
        this.#time.stir();
        const { round = 0 } = options.stream;
        if (this.#takesPart(part, round)) return trainer.train(dataset, options, control);
        throw new EspalierError('training_diverged', 'not in this round');
      },
    };
  }
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Parts that a coordinator of that job is made of, apart from its surroundings. */
export async function material(
  job: Job,
): Promise<
  Pick<
    ConstructorParameters<typeof Coordinator>[0],
    'classes' | 'graph' | 'initial' | 'serverData' | 'testData'
  >
> {
  const { server, test, classes } = await once(`server ${job.name}`, () => prepareServerData(job, null));
  const { graph, initial } = await openModel(job, classes.length);
  return { classes, graph, initial, serverData: server, testData: test };
}

/** Images are painted once, not once a run. */
const painted = new Map<string, Promise<unknown>>();

function once<T>(key: string, paint: () => Promise<T>): Promise<T> {
  const known = painted.get(key) ?? paint();
  painted.set(key, known);
  return known as Promise<T>;
}
