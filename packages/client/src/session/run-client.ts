import {
  EspalierError,
  toEspalierError,
  type Mask,
  type TrainControl,
  type Trainer,
  type TrainProgress,
} from '@espalier/core';
import {
  initialClientState,
  PROTOCOL_VERSION,
  reduceClient,
  type ClientEffect,
  type ClientEvent,
  type ClientIdentity,
  type ClientJob,
  type ClientMessage,
  type ClientOutcome,
  type ClientState,
  type ClientTask,
  type FrameConnection,
  type ServerMessage,
} from '@espalier/core/protocol';
import type { DeviceProfile } from '@espalier/core/report';
import {
  decodeServerMessage,
  DEFAULT_MAX_FRAME_BYTES,
  DEFAULT_MAX_MESSAGE_BYTES,
  encodeClientMessage,
  messageBytesBound,
  openChannel,
  portableHash,
  wireContext,
  type Channel,
  type UnfinishedTransfer,
  type HashMaker,
} from '@espalier/proto';
import { answerChallenge } from './answer.js';
import { performTask } from './perform-task.js';
import { receiveModel } from './received-model.js';
import type { ClientData, ReceivedModel, TaskContext, TaskMemory } from './task-context.js';

/** Runs a function later; the platform's timers, or a test's. Returns how to cancel it. */
export type Scheduler = (seconds: number, callback: () => void) => () => void;

/** Components and settings of a client. Everything that depends on the platform is passed in. */
export interface ClientOptions {
  /** Makes a fresh connection; rejects with `connection_lost`, or with what the coordinator said instead of letting it in. */
  readonly connect: () => Promise<FrameConnection>;
  /** Asked once, after the job has come. */
  readonly makeTrainer: (job: ClientJob) => Promise<Trainer>;
  /** Reads this client's samples; asked once. */
  readonly loadData: (job: ClientJob) => Promise<ClientData>;
  /** The join token; null where the coordinator lets everybody in. */
  readonly token: string | null;
  readonly name: string;
  /** The part of the partition it holds, from 0; null to be given one. */
  readonly part: number | null;
  readonly profile: Omit<DeviceProfile, 'backend'>;
  /** SHA-256 of frames; the portable one unless given. */
  readonly hash?: HashMaker;
  readonly schedule: Scheduler;
  /** Seconds, from any origin. */
  readonly clock: () => number;
  readonly onEvent?: (event: ClientReport) => void;
  /**
   * Identity that this coordinator gave the client before, so that it returns as the same one; absent for a
   * newcomer.
   */
  readonly identity?: ClientIdentity | null;
  /** Receives the client's identity, to be kept where it outlives this process. It is a secret. */
  readonly onIdentity?: (identity: ClientIdentity) => void;
  /** Resources shared by many clients of one process; absent for a client that has its process to itself. */
  readonly shared?: SharedResources;
}

/**
 * Lets many clients live in one process: none of it changes what a client computes or sends. Such a client keeps no
 * final model, for a fleet of copies would be all that its process has room for.
 */
export interface SharedResources {
  /** The one instance of equal jobs. */
  job(job: ClientJob): ClientJob;
  /** The one instance of equal masks. */
  mask(mask: Mask): Mask;
  /**
   * A message read before from the same bytes, or what `read` gives.
   * @param sha256 of the bytes
   */
  message(sha256: Uint8Array, read: () => ServerMessage): ServerMessage;
  /** Called when a task of this client has ended, whatever its outcome: what only the task needed may go. */
  taskEnded(): void;
}

/** Report of a client to the person who runs it. */
export type ClientReport =
  | { readonly kind: 'note'; readonly message: string }
  | {
      readonly kind: 'admitted';
      readonly partitionIndex: number;
      readonly samples: number;
      readonly backend: string;
    }
  | { readonly kind: 'task'; readonly task: ClientTask['kind']; readonly round: number | null }
  | { readonly kind: 'progress'; readonly round: number | null; readonly progress: TrainProgress }
  | { readonly kind: 'sent'; readonly message: ClientMessage['kind'] };

/** A running client. */
export interface RunningClient {
  /** Resolves when it has ended, whatever the reason; never rejects. */
  readonly ended: Promise<ClientOutcome>;
  /** Leaves: tells the coordinator, stops training, closes. */
  stop(reason: string): void;
  /** The final model, once it has come. */
  finalModel(): ReceivedModel | null;
}

/** Starts a client: it connects, joins, works until the coordinator has finished, and comes back after a loss. */
export function runClient(options: ClientOptions): RunningClient {
  const session = new Session(options);
  session.start();
  return {
    ended: session.ended,
    stop: (reason) => {
      session.dispatch({ kind: 'stop', reason });
    },
    finalModel: () => session.memory.final,
  };
}

/** Messages below it are sooner read than looked up. */
const SHARED_FROM_BYTES = 1024;

/** Performs the reducer's effects. It decides nothing. */
class Session {
  readonly memory: TaskMemory = { mask: null, measured: null, pool: null, final: null };
  readonly ended: Promise<ClientOutcome>;
  readonly #options: ClientOptions;
  #state: ClientState;
  #resolveEnded: (outcome: ClientOutcome) => void = () => undefined;
  #channel: Channel<ClientMessage> | null = null;
  /** Part of a message that had arrived when the last connection broke. */
  #unfinished: UnfinishedTransfer | null = null;
  /** Fault of the present connection, other than the line itself. */
  #failure: EspalierError | null = null;
  #trainer: Trainer | null = null;
  #data: ClientData | null = null;
  /** Settles when everything sent so far has left. */
  #sending: Promise<void> = Promise.resolve();
  #cancelTimer: () => void = () => undefined;
  #control: { aborted: boolean } = { aborted: false };
  /** Tasks run one after another: a trainer does one thing at a time. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#state = { ...initialClientState, identity: options.identity ?? null };
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  start(): void {
    void this.#connect();
  }

  dispatch(event: ClientEvent): void {
    const { state, effects } = reduceClient(this.#state, event);
    const before = this.#state;
    const admitted = state.phase === 'admitted' && before.phase !== 'admitted';
    this.#state = state;
    if (state.identity && state.identity !== before.identity) this.#options.onIdentity?.(state.identity);
    if (admitted) this.#reportAdmitted();
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.#cancelTimer = this.#options.schedule(effect.delaySeconds, () => void this.#connect());
        return;
      case 'loadData':
        void this.#load(effect.job);
        return;
      case 'join':
        this.#send(this.#joinMessage(effect.challenge, effect.returnToken));
        return;
      case 'send':
        this.#send(effect.message);
        return;
      case 'run':
        this.#enqueue(effect.id, effect.task);
        return;
      case 'cancel':
        this.#control.aborted = true;
        return;
      case 'note':
        this.#report({ kind: 'note', message: effect.message });
        return;
      case 'end':
        void this.#end(effect.outcome);
        return;
    }
  }

  async #connect(): Promise<void> {
    try {
      const connection = await this.#options.connect();
      if (this.#state.phase === 'ended') {
        connection.close('ended');
        return;
      }
      this.#attach(connection);
    } catch (error) {
      const { code, rawMessage } = toEspalierError(error);
      this.dispatch({ kind: 'closed', reason: rawMessage, code });
    }
  }

  #attach(connection: FrameConnection): void {
    this.dispatch({ kind: 'opened' });
    // Until the challenge has brought the graph there is nothing to read weights against.
    let wire = wireContext(null);
    const channel = openChannel<ClientMessage, ServerMessage>(connection, {
      encode: (message) => encodeClientMessage(message, wire),
      decode: (bytes, sha256) => {
        const read = (): ServerMessage => decodeServerMessage(bytes, wire);
        const { shared } = this.#options;
        return shared && bytes.length >= SHARED_FROM_BYTES ? shared.message(sha256, read) : read();
      },
      maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
      maxMessageBytes: DEFAULT_MAX_MESSAGE_BYTES,
      hash: this.#options.hash ?? portableHash,
      onMessage: (message) => {
        if (this.#channel !== channel) return;
        if (message.kind !== 'challenge') {
          if (message.kind === 'finish' && !message.evaluate) this.#keepFinal(message);
          this.dispatch({ kind: 'received', message });
          return;
        }
        const job = this.#options.shared?.job(message.job) ?? message.job;
        wire = wireContext(job.graph);
        channel.setLimits({
          maxFrameBytes: job.maxFrameBytes,
          maxMessageBytes: messageBytesBound(job.graph),
        });
        this.dispatch({ kind: 'received', message: { ...message, job } });
      },
      onClose: (reason) => {
        if (this.#channel !== channel) return;
        this.#channel = null;
        this.#unfinished = channel.unfinished();
        const { code = 'connection_lost', rawMessage = reason } = this.#failure ?? {};
        this.#failure = null;
        this.dispatch({ kind: 'closed', reason: rawMessage, code });
      },
      onError: (error) => {
        this.#report({ kind: 'note', message: `a message could not be read: ${error.message}` });
        this.#giveUp(channel, error);
      },
    });
    this.#channel = channel;
    if (this.#unfinished) channel.resume(this.#unfinished);
  }

  /** Without a request to evaluate it there is no task that would take the model in. */
  #keepFinal({ model }: Extract<ServerMessage, { kind: 'finish' }>): void {
    const graph = this.#state.job?.graph;
    if (!graph || this.#options.shared) return;
    try {
      this.memory.final = receiveModel(graph, model, this.memory);
    } catch (error) {
      this.#report({
        kind: 'note',
        message: `the final model cannot be read: ${toEspalierError(error).message}`,
      });
    }
  }

  async #load(job: ClientJob): Promise<void> {
    try {
      this.#data = await this.#options.loadData(job);
      this.#trainer = await this.#options.makeTrainer(job);
      this.dispatch({ kind: 'dataReady' });
    } catch (error) {
      const { code, rawMessage } = toEspalierError(error);
      this.dispatch({ kind: 'dataFailed', code, message: rawMessage });
    }
  }

  #joinMessage(
    challenge: Extract<ServerMessage, { kind: 'challenge' }>,
    returnToken: string | null,
  ): ClientMessage {
    const { token, name, part, profile } = this.#options;
    const { train } = this.#loaded().data;
    return {
      kind: 'join',
      protocolVersion: PROTOCOL_VERSION,
      answer: answerChallenge(token, challenge.nonce),
      returnToken,
      name,
      part,
      profile: { ...profile, backend: this.#loaded().trainer.name },
      samples: train.labels.length,
      classes: train.classes,
      imageShape: train.imageShape,
    };
  }

  #send(message: ClientMessage): void {
    const channel = this.#channel;
    if (!channel) return;
    this.#report({ kind: 'sent', message: message.kind });
    this.#sending = channel.send(message).catch((error: unknown) => {
      // The connection is gone, which onClose reports; or the message could not be written, or its frame was refused.
      const failure = toEspalierError(error);
      if (failure.code !== 'connection_lost') this.#giveUp(channel, failure);
    });
  }

  /** Closes a connection over which nothing sensible can come any more, and remembers why. */
  #giveUp(channel: Channel<ClientMessage>, failure: EspalierError): void {
    if (this.#channel !== channel) return;
    this.#failure ??= failure;
    channel.close(failure.rawMessage);
  }

  #enqueue(id: number, task: ClientTask): void {
    const control = { aborted: false };
    this.#control = control;
    this.#queue = this.#queue.then(() => this.#runTask(id, task, control));
  }

  async #runTask(id: number, task: ClientTask, signal: { readonly aborted: boolean }): Promise<void> {
    if (signal.aborted) return;
    const round = 'round' in task.message ? task.message.round : null;
    this.#report({ kind: 'task', task: task.kind, round });
    try {
      const answer = await performTask(this.#context(), task, { signal, ...this.#listening(round) });
      this.dispatch({ kind: 'taskDone', id, answer });
    } catch (error) {
      const { code, rawMessage } = toEspalierError(error);
      this.dispatch({ kind: 'taskFailed', id, code, message: rawMessage });
    } finally {
      this.#tidy();
    }
  }

  /** Progress of a round, where somebody listens. */
  #listening(round: number | null): Pick<TrainControl, 'onProgress'> {
    const { onEvent } = this.#options;
    if (onEvent === undefined) return {};
    return {
      onProgress: (progress) => {
        onEvent({ kind: 'progress', round, progress });
      },
    };
  }

  #tidy(): void {
    const { shared } = this.#options;
    if (shared && this.memory.mask) this.memory.mask = shared.mask(this.memory.mask);
    if (!shared) return;
    this.memory.final = null;
    shared.taskEnded();
  }

  #context(): TaskContext {
    const { data, trainer } = this.#loaded();
    const { job, identity } = this.#state;
    if (!job || !identity) throw new EspalierError('internal', 'a task came before the client was seated');
    const { partitionIndex } = identity;
    return { job, data, trainer, partitionIndex, clock: this.#options.clock, memory: this.memory };
  }

  #loaded(): { readonly data: ClientData; readonly trainer: Trainer } {
    if (!this.#data || !this.#trainer) throw new EspalierError('internal', 'the data are not loaded yet');
    return { data: this.#data, trainer: this.#trainer };
  }

  #reportAdmitted(): void {
    const { data, trainer } = this.#loaded();
    const partitionIndex = this.#state.identity?.partitionIndex ?? 0;
    this.#report({
      kind: 'admitted',
      partitionIndex,
      samples: data.train.labels.length,
      backend: trainer.name,
    });
  }

  async #end(outcome: ClientOutcome): Promise<void> {
    this.#cancelTimer();
    this.#control.aborted = true;
    const channel = this.#channel;
    this.#channel = null;
    await this.#sending;
    channel?.close(outcome.kind);
    await this.#queue;
    await this.#trainer?.dispose().catch(() => undefined);
    this.#resolveEnded(outcome);
  }

  #report(event: ClientReport): void {
    this.#options.onEvent?.(event);
  }
}
