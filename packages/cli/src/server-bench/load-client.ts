import { answerChallenge, connectSocket } from '@espalier/client';
import {
  PROTOCOL_VERSION,
  type ClientMessage,
  type FrameConnection,
  type ServerMessage,
} from '@espalier/core/protocol';
import {
  decodeServerMessage,
  encodeClientMessage,
  messageBytesBound,
  openChannel,
  splitFrames,
  wireContext,
  type WireContext,
} from '@espalier/proto';
import { nodeHash } from '@espalier/server';

/** Samples every client claims. */
export const SAMPLES = 10;

/** Image shape that the model takes, and that every client claims to have. */
export const IMAGE_SHAPE = [16, 16, 3] as const;

/** Messages above that many bytes carry a model; one client a process reads it. */
const MODEL_BYTES = 60_000;

/** A machine that is busy with two thousand connections may take its time for one. */
export const PATIENT = { timeout: 120_000 } as const;

type Train = Extract<ServerMessage, { kind: 'train' }>;
type Incoming = ServerMessage | { readonly kind: 'model' };

/** State shared by the clients of a process. */
export interface LoadShared {
  readonly token: string;
  /** Gradients of the canary, computed once. */
  readonly canary: (welcome: Extract<ServerMessage, { kind: 'welcome' }>) => Promise<Float32Array>;
  /** The round's work, read by the client that gets it first; null until then. */
  train: Train | null;
  /** Called when a client has a round's model. */
  readonly onModel: () => void;
}

/** A client that trains nothing: it joins honestly and sends frames that are handed to it. */
export class LoadClient {
  wire: WireContext = wireContext(null);
  maxFrameBytes = 0;
  readonly #shared: LoadShared;
  readonly #part: number;
  readonly #connection: FrameConnection;
  readonly #admitted: Promise<void>;
  #onAdmitted: () => void = () => undefined;
  #onAnswered: (error: Error | null) => void = () => undefined;
  #transfers = 0;

  private constructor(connection: FrameConnection, part: number, shared: LoadShared) {
    this.#connection = connection;
    this.#part = part;
    this.#shared = shared;
    this.#admitted = new Promise((resolve) => (this.#onAdmitted = resolve));
    const channel = openChannel<ClientMessage, Incoming>(connection, {
      encode: (message) => encodeClientMessage(message, this.wire),
      decode: (bytes) => this.#read(bytes),
      maxFrameBytes: 2 ** 24,
      maxMessageBytes: 2 ** 28,
      hash: nodeHash,
      onMessage: (message) => {
        if (message.kind === 'challenge') {
          const { graph, maxFrameBytes } = message.job;
          this.wire = wireContext(graph);
          this.maxFrameBytes = maxFrameBytes;
          channel.setLimits({ maxFrameBytes, maxMessageBytes: messageBytesBound(graph) });
        }
        void this.#receive(message);
      },
      onClose: (reason) => {
        this.#onAnswered(new Error(`client ${part} lost its connection: ${reason}`));
      },
      onError: (error) => {
        this.#onAnswered(error);
      },
    });
  }

  /** Resolves when the coordinator has admitted it. */
  static async join(url: string, part: number, shared: LoadShared): Promise<LoadClient> {
    const client = new LoadClient(await connectSocket(url, PATIENT), part, shared);
    await client.#admitted;
    return client;
  }

  /** Transfer number of its next message. */
  get transferId(): number {
    return this.#transfers;
  }

  /** Sends a message's frames; resolves when the coordinator has accepted it. */
  async upload(frames: readonly Uint8Array[]): Promise<void> {
    this.#transfers++;
    const answered = new Promise<void>((resolve, reject) => {
      this.#onAnswered = (error) => {
        if (error === null) resolve();
        else reject(error);
      };
    });
    answered.catch(() => undefined);
    for (const frame of frames) await this.#connection.send(frame);
    await answered;
  }

  #read(bytes: Uint8Array): Incoming {
    if (bytes.length > MODEL_BYTES && this.#shared.train !== null) return { kind: 'model' };
    return decodeServerMessage(bytes, this.wire);
  }

  async #receive(message: Incoming): Promise<void> {
    switch (message.kind) {
      case 'challenge':
        await this.#send(this.#joinMessage(message));
        return;
      case 'welcome':
        await this.#send({ kind: 'canaryResult', gradients: await this.#shared.canary(message) });
        return;
      case 'admitted':
        this.#onAdmitted();
        return;
      case 'train':
        this.#shared.train = message;
        this.#shared.onModel();
        return;
      case 'model':
        this.#shared.onModel();
        return;
      case 'accepted':
        this.#onAnswered(null);
        return;
      case 'refused':
        this.#onAnswered(new Error(`client ${this.#part} was refused: [${message.code}] ${message.message}`));
        return;
      default:
        return;
    }
  }

  async #send(message: ClientMessage): Promise<void> {
    const transferId = this.#transfers++;
    const bytes = encodeClientMessage(message, this.wire);
    for (const frame of splitFrames(bytes, {
      transferId,
      maxFrameBytes: this.maxFrameBytes,
      hash: nodeHash,
    })) {
      await this.#connection.send(frame);
    }
  }

  #joinMessage({ nonce, job }: Extract<ServerMessage, { kind: 'challenge' }>): ClientMessage {
    return {
      kind: 'join',
      protocolVersion: PROTOCOL_VERSION,
      answer: answerChallenge(this.#shared.token, nonce),
      returnToken: null,
      name: `load ${this.#part + 1}`,
      part: this.#part,
      profile: { backend: 'none', memoryBytes: 0, macsPerSecond: 0, platform: 'bench' },
      samples: SAMPLES,
      classes: job.classes,
      imageShape: IMAGE_SHAPE,
    };
  }
}
