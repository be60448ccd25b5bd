import { EspalierError, type Footprint, type TrainerKind, type TrainProgress } from '@espalier/core';
import type { ControlRelay } from './control-relay.js';
import { errorOf, type Call, type CallMessage, type CallResults, type ThreadMessage } from './calls.js';

/** A call under way. */
interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EspalierError) => void;
  readonly onProgress: ((progress: TrainProgress) => void) | undefined;
}

/** A training thread as the platform starts it. */
export interface TrainerPort {
  post(message: CallMessage): void;
  /** Called once, before anything is posted. `onDied` is told why the thread has ended, by either side. */
  listen(onMessage: (message: ThreadMessage) => void, onDied: (reason: string) => void): void;
  /** Ends the thread, whatever it is doing. */
  terminate(): Promise<void>;
}

/** Questions to a training thread and its answers. When the thread ends, every question fails, now and later. */
export class TrainerLink {
  /** The trainer inside, as it introduces itself; rejects with `backend_unavailable`, or with the reason the trainer gave. */
  readonly started: Promise<TrainerKind>;
  readonly #port: TrainerPort;
  readonly #pending = new Map<number, Pending>();
  #introduce: (trainer: TrainerKind) => void = () => undefined;
  #failStart: (error: EspalierError) => void = () => undefined;
  #nextId = 0;
  #footprint: Footprint | null = null;
  #end: EspalierError | null = null;

  constructor(port: TrainerPort) {
    this.started = new Promise((resolve, reject) => {
      this.#introduce = resolve;
      this.#failStart = reject;
    });
    this.#port = port;
    port.listen(
      (message) => {
        this.#receive(message);
      },
      (reason) => {
        this.#died(reason);
      },
    );
  }

  /** Footprint of the network loaded, as of the last answer; null before the first and after the end. */
  get footprint(): Footprint | null {
    return this.#end ? null : this.#footprint;
  }

  ask<Name extends Call['name']>(
    call: Extract<Call, { name: Name }>,
    relay?: ControlRelay,
  ): Promise<CallResults[Name]> {
    return new Promise((resolve, reject) => {
      if (this.#end) {
        reject(this.#end);
        return;
      }
      const id = this.#nextId++;
      this.#port.post({ kind: 'call', id, call });
      relay?.start(() => {
        this.#port.post({ kind: 'abort', id });
      });
      this.#pending.set(id, {
        resolve: (value) => {
          resolve(value as CallResults[Name]);
        },
        reject,
        onProgress: relay && relayed(relay),
      });
    });
  }

  /** Ends the thread, whatever it is doing. */
  async close(): Promise<void> {
    this.#finish(new EspalierError('aborted', 'the trainer was disposed of while it worked'));
    this.#end = new EspalierError('invalid_argument', 'the trainer was disposed of; make another one');
    await this.#port.terminate();
  }

  #receive(message: ThreadMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#introduce(message.trainer);
        return;
      case 'refused':
        this.#failStart(errorOf(message.error));
        return;
      case 'progress':
        this.#pending.get(message.id)?.onProgress?.(message.progress);
        return;
      default:
        this.#settle(message);
    }
  }

  #settle(message: Extract<ThreadMessage, { kind: 'result' | 'error' }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    this.#footprint = message.footprint;
    if (message.kind === 'result') pending?.resolve(message.value);
    else pending?.reject(errorOf(message.error));
  }

  #died(reason: string): void {
    this.#failStart(
      new EspalierError('backend_unavailable', `the training thread could not start: ${reason}`),
    );
    this.#finish(new EspalierError('internal', `the training thread died: ${reason}`));
  }

  /** The first reason is the one that callers hear. */
  #finish(end: EspalierError): void {
    this.#end ??= end;
    for (const { reject } of this.#pending.values()) reject(this.#end);
    this.#pending.clear();
  }
}

function relayed(relay: ControlRelay): (progress: TrainProgress) => void {
  return (progress) => {
    relay.progress(progress);
  };
}
