import { canaryGradients } from '@espalier/client';
import { prepareClientData } from '@espalier/client-node';
import type { ClientUpdate, Mask, MomentTree } from '@espalier/core';
import {
  PROTOCOL_VERSION,
  type ClientJob,
  type ClientMessage,
  type FrameConnection,
  type ServerMessage,
} from '@espalier/core/protocol';
import {
  decodeServerMessage,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_MAX_MESSAGE_BYTES,
  encodeClientMessage,
  openChannel,
  wireContext,
  type Channel,
} from '@espalier/proto';
import { emptyUpdate, flatMeasured, flatMoments, maskAfter, type ClientView } from './honest-answers.js';
import { localTrainer } from './in-process.js';

type Kind = ServerMessage['kind'];
type Received<K extends Kind> = Extract<ServerMessage, { kind: K }>;

/** A client that does exactly what a test tells it to, for misbehaviour of every kind. */
export class Puppet {
  readonly received: ServerMessage[] = [];
  closed: string | null = null;
  samples = 0;
  job: ClientJob | null = null;
  mask: Mask | null = null;
  readonly #channel: Channel<ClientMessage>;
  readonly #waiting: { kind: Kind | 'close'; resolve: (message: ServerMessage | null) => void }[] = [];

  constructor(connection: FrameConnection) {
    let wire = wireContext(null);
    this.#channel = openChannel<ClientMessage, ServerMessage>(connection, {
      encode: (message) => encodeClientMessage(message, wire),
      decode: (bytes) => decodeServerMessage(bytes, wire),
      maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
      maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
      onMessage: (message) => {
        if (message.kind === 'challenge') {
          wire = wireContext(message.job.graph);
          this.job = message.job;
        }
        this.#take(message);
      },
      onClose: (reason) => {
        this.closed = reason;
        for (const { resolve } of this.#waiting.splice(0)) resolve(null);
      },
      onError: (error) => {
        throw error;
      },
    });
  }

  /**
   * The next message of that kind, also one that has already arrived; throws when the connection closes
   * first.
   */
  async next<K extends Kind>(kind: K): Promise<Received<K>> {
    const at = this.received.findIndex((message) => message.kind === kind);
    if (at >= 0) return this.received.splice(at, 1)[0] as Received<K>;
    if (this.closed !== null) throw new Error(`closed (${this.closed}) while waiting for ${kind}`);
    const message = await new Promise<ServerMessage | null>((resolve) =>
      this.#waiting.push({ kind, resolve }),
    );
    if (message === null) throw new Error(`closed (${String(this.closed)}) while waiting for ${kind}`);
    return message as Received<K>;
  }

  send(message: ClientMessage): Promise<void> {
    return this.#channel.send(message);
  }

  vanish(): void {
    this.#channel.close('vanished');
  }

  /** The join message a good client of that part would send. */
  async joinMessage(
    part: number,
    overrides: Partial<Extract<ClientMessage, { kind: 'join' }>> = {},
  ): Promise<ClientMessage> {
    const { job } = await this.next('challenge');
    const { train } = await prepareClientData(job, { folder: null, part });
    this.samples = train.labels.length;
    return {
      kind: 'join',
      protocolVersion: PROTOCOL_VERSION,
      answer: new Uint8Array(0),
      returnToken: null,
      name: `puppet ${part + 1}`,
      part,
      profile: { backend: 'puppet', memoryBytes: 0, macsPerSecond: 0, platform: 'test' },
      samples: train.labels.length,
      classes: train.classes,
      imageShape: train.imageShape,
      ...overrides,
    };
  }

  /** Joins and proves its backend honestly. */
  async admit(part: number): Promise<Received<'welcome'>> {
    await this.send(await this.joinMessage(part));
    const welcome = await this.next('welcome');
    const trainer = await localTrainer();
    await this.send({ kind: 'canaryResult', gradients: await canaryGradients(trainer, welcome.canary) });
    await trainer.dispose();
    await this.next('admitted');
    return welcome;
  }

  /** Proves its backend to a coordinator with the stub trainer, for which all gradients are 0. */
  async proveStub(): Promise<void> {
    const { canary } = await this.next('welcome');
    await this.send({ kind: 'canaryResult', gradients: new Float32Array(canary.values.length) });
    await this.next('admitted');
  }

  /** Resolves when the connection has closed. */
  async gone(): Promise<void> {
    if (this.closed !== null) return;
    await new Promise((resolve) => this.#waiting.push({ kind: 'close', resolve }));
  }

  /** An update that reports no change: correct in every respect, for tests to corrupt. */
  emptyUpdate(train: Received<'train'>): ClientUpdate {
    this.mask = maskAfter(this.mask, train);
    return emptyUpdate(train, this.#view());
  }

  flatMoments(): MomentTree {
    return flatMoments(this.#view().graph);
  }

  #view(): ClientView {
    if (this.job === null) throw new Error('the coordinator has not sent its job yet');
    return { graph: this.job.graph, mask: this.mask, samples: this.samples };
  }

  /** Measures as an honest client does, unless the test does so itself. */
  #measure(measure: Received<'measure'>): void {
    this.mask = maskAfter(this.mask, measure);
    void this.send(flatMeasured(measure.round, this.#view()));
  }

  #take(message: ServerMessage): void {
    const at = this.#waiting.findIndex(({ kind }) => kind === message.kind);
    if (at < 0 && message.kind === 'measure') this.#measure(message);
    else if (at < 0) this.received.push(message);
    else this.#waiting.splice(at, 1)[0]!.resolve(message);
  }
}
