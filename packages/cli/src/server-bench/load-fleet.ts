import { canaryGradients, connectSocket } from '@espalier/client';
import { createNodeTrainer } from '@espalier/client-node';
import { EspalierError, randomStream } from '@espalier/core';
import type { FrameConnection, ServerMessage } from '@espalier/core/protocol';
import { encodeClientMessage } from '@espalier/proto';
import { LoadClient, PATIENT, SAMPLES, type LoadShared } from './load-client.js';
import type { LoadOrder, LoadReport } from './orders.js';
import { StampedUpdate } from './stamped-update.js';

type Join = Extract<LoadOrder, { kind: 'join' }>;
type Train = Extract<ServerMessage, { kind: 'train' }>;

/** Connections opened at a time: the listener's queue is short. */
const OPENING = 64;

/** The clients of one load process. */
export class LoadFleet {
  readonly #join: Join;
  readonly #shared: LoadShared;
  #clients: readonly LoadClient[] = [];
  #bare: readonly FrameConnection[] = [];
  #models = 0;
  #onModels: () => void = () => undefined;
  #update: StampedUpdate | null = null;

  constructor(join: Join) {
    this.#join = join;
    let gradients: Promise<Float32Array> | null = null;
    this.#shared = {
      token: join.token,
      train: null,
      canary: ({ canary }) => (gradients ??= computeCanary(canary)),
      onModel: () => {
        this.#models++;
        if (this.#models >= this.#join.count) this.#onModels();
      },
    };
  }

  async joinAll(): Promise<LoadReport> {
    const { url, from, count } = this.#join;
    this.#clients = await eachOf(count, OPENING, (i) => LoadClient.join(url, from + i, this.#shared));
    return { kind: 'joined' };
  }

  async connectBare(url: string): Promise<LoadReport> {
    this.#bare = await eachOf(this.#join.count, OPENING, async () => {
      const connection = await connectSocket(url, PATIENT);
      connection.subscribe({ onFrame: () => undefined, onClose: () => undefined });
      return connection;
    });
    return { kind: 'connected' };
  }

  /** Resolves when every client has the round's model; the update to send is made then. */
  async ready(round: number): Promise<LoadReport> {
    if (this.#models < this.#join.count) await new Promise<void>((resolve) => (this.#onModels = resolve));
    const { train } = this.#shared;
    if (train?.round !== round) throw new EspalierError('internal', `round ${round} did not come`);
    this.#update = this.#madeReady(train);
    return { kind: 'ready' };
  }

  async upload(): Promise<LoadReport> {
    const update = this.#ready();
    // The next round's model may come before the last client has heard that it was accepted.
    this.#models = 0;
    this.#shared.train = null;
    return this.#burst(update, (client, i) => this.#clients[i]!.upload(update.frames(client)));
  }

  async reference(): Promise<LoadReport> {
    const update = this.#ready();
    return this.#burst(update, async (client, i) => {
      for (const frame of update.frames(client)) await this.#bare[i]!.send(frame);
    });
  }

  async #burst(
    update: StampedUpdate,
    send: (client: number, i: number) => Promise<void>,
  ): Promise<LoadReport> {
    const { from, count, inFlight } = this.#join;
    const ackMs = await eachOf(count, inFlight, async (i) => {
      const began = performance.now();
      await send(from + i, i);
      return performance.now() - began;
    });
    return { kind: 'sent', ackMs, bytes: count * update.bytes };
  }

  #ready(): StampedUpdate {
    if (this.#update === null) throw new EspalierError('internal', 'there is no update to send yet');
    return this.#update;
  }

  #madeReady({ round, model }: Train): StampedUpdate {
    const [client] = this.#clients;
    if (!client) throw new EspalierError('internal', 'nobody has joined');
    const stream = randomStream({ seed: 1, purpose: 'bench', round });
    const message = encodeClientMessage(
      {
        kind: 'update',
        update: {
          round,
          maskHash: model.mask.hash,
          delta: Float32Array.from(model.values ?? [], () => 0.01 * (stream.uniform() - 0.5)),
          moments: model.moments,
          samples: SAMPLES,
          metrics: {
            loss: 1,
            steps: 1,
            samplesSeen: SAMPLES,
            seconds: StampedUpdate.stamp,
            macs: 1,
            peakBytes: 1,
            microBatch: 1,
            backend: 'none',
          },
          topGradients: [],
          evaluation: null,
        },
      },
      client.wire,
    );
    return new StampedUpdate(message, { transferId: client.transferId, maxFrameBytes: client.maxFrameBytes });
  }
}

async function computeCanary(
  canary: Extract<ServerMessage, { kind: 'welcome' }>['canary'],
): Promise<Float32Array> {
  const trainer = await createNodeTrainer();
  try {
    return await canaryGradients(trainer, canary);
  } finally {
    await trainer.dispose();
  }
}

/** `count` results, of which at most `most` are under way at a time. */
async function eachOf<T>(count: number, most: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      results[i] = await make(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, count) }, lane));
  return results;
}
