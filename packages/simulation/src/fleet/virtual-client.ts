import { runClient, type RunningClient } from '@espalier/client';
import type { FleetSamples } from '@espalier/client-node';
import { randomStream } from '@espalier/core';
import type { FrameConnection } from '@espalier/core/protocol';
import { trainMacs } from '@espalier/core/report';
import type { MemoryLine } from '@espalier/proto';
import { nodeHash } from '@espalier/server/coordinator';
import { PooledTrainer, type PooledCall } from '../pool/pooled-trainer.js';
import type { TrainerPool } from '../pool/trainer-pool.js';
import type { Timeline } from '../timeline/timeline.js';
import { Availability } from './availability.js';
import { deviceProfile, type Device } from '../devices/device.js';
import type { SharedInstances } from './shared-instances.js';
import { virtualConnection } from './virtual-connection.js';

/** Surroundings that all clients of a fleet share. */
export interface FleetWorld {
  readonly timeline: Timeline;
  readonly pool: TrainerPool;
  readonly shared: SharedInstances;
  readonly seed: number;
  /** The coordinator takes a connection in. */
  readonly accept: (connection: FrameConnection) => void;
}

/** One client of a fleet. */
export interface VirtualClientOptions {
  /** Its part of the partition, from 0. */
  readonly part: number;
  readonly samples: FleetSamples;
  readonly device: Device;
}

/** Starts a client whose messages, bytes and arithmetic are those of a real one, and whose time is its device's. */
export function startVirtualClient(world: FleetWorld, options: VirtualClientOptions): RunningClient {
  return new VirtualClient(world, options).run();
}

class VirtualClient {
  readonly #world: FleetWorld;
  readonly #options: VirtualClientOptions;
  readonly #trainer: PooledTrainer;
  readonly #availability: Availability;
  #line: MemoryLine | null = null;

  constructor(world: FleetWorld, options: VirtualClientOptions) {
    this.#world = world;
    this.#options = options;
    const { pool, shared } = world;
    this.#trainer = new PooledTrainer(pool, (call, work) => this.#pace(call, work), shared.gradients);
    const stream = randomStream({ seed: world.seed, purpose: 'availability', partition: options.part });
    this.#availability = new Availability(world.timeline, options.device.availability, stream, () => {
      this.#line?.cut('the device went away');
    });
  }

  run(): RunningClient {
    const { timeline, shared } = this.#world;
    const { part, samples, device } = this.#options;
    const client = runClient({
      connect: () => this.#connect(),
      loadData: () => Promise.resolve(samples),
      makeTrainer: () => Promise.resolve(this.#trainer),
      token: null,
      name: `part ${part + 1}`,
      part,
      profile: { ...deviceProfile(device), platform: `simulated ${device.kind}` },
      schedule: (seconds, callback) => timeline.plan(seconds, callback),
      clock: () => timeline.now,
      hash: nodeHash,
      shared: {
        job: (job) => shared.job(job),
        mask: (mask) => shared.mask(mask),
        message: (sha256, read) => shared.message(sha256, read),
        taskEnded: () => {
          this.#trainer.unload();
        },
      },
    });
    void client.ended.then(() => {
      this.#availability.end();
    });
    return client;
  }

  async #connect(): Promise<FrameConnection> {
    await this.#availability.there();
    const { timeline, accept } = this.#world;
    const { part, device } = this.#options;
    this.#line = virtualConnection(timeline, `part ${part + 1}`, device);
    const [ownEnd, coordinatorEnd] = this.#line.ends;
    accept(coordinatorEnd);
    return ownEnd;
  }

  /** The work is done at once, on this machine's time; its outcome comes when the device would have it. */
  #pace<T>(call: PooledCall, work: Promise<T>): Promise<T> {
    const { macsPerSecond } = this.#options.device;
    const seconds = macsPerSecond === Infinity ? 0 : workMacs(call) / macsPerSecond;
    this.#maybeDropOut(call, seconds);
    // A run that is stopped never comes to the moment when its outcome would be asked for.
    work.catch(() => undefined);
    return new Promise((resolve) => {
      this.#world.timeline.plan(
        seconds,
        () => {
          resolve(work);
        },
        work,
      );
    });
  }

  #maybeDropOut({ options }: PooledCall, seconds: number): void {
    const { dropOut } = this.#options.device;
    if (options === null || dropOut === 0) return;
    const stream = randomStream({ ...options.stream, seed: this.#world.seed, purpose: 'drop-out' });
    if (stream.uniform() >= dropOut) return;
    this.#world.timeline.plan(stream.uniform() * seconds, () => {
      this.#availability.leave();
    });
  }
}

/** Multiply-accumulates of a call, counted by the mask. */
function workMacs({ network: { graph, mask }, kind, samples }: PooledCall): number {
  const { forward, total } = trainMacs(graph, mask);
  return samples * (kind === 'forward' ? forward : total);
}
