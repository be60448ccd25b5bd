import type { ClientReport } from '@espalier/client';
import type { FrameConnection } from '@espalier/core/protocol';
import type { SessionFigures } from './session-messages.js';

/** Nothing measured yet. */
export const NO_FIGURES: SessionFigures = {
  connection: 'connecting',
  admitted: false,
  task: null,
  round: null,
  epoch: 0,
  batch: 0,
  batches: 0,
  loss: null,
  imagesPerSecond: null,
  updates: 0,
  bytesUp: 0,
  bytesDown: 0,
  memoryBytes: 0,
  backend: null,
  samples: 0,
  partitionIndex: null,
  note: null,
};

/** Gathers a session's figures from what it reports and from its connections. */
export class SessionMeter {
  readonly #clock: () => number;
  readonly #changed: () => void;
  #figures: SessionFigures = NO_FIGURES;
  #connection: FrameConnection | null = null;
  /** Bytes of connections that have ended. */
  #past = { up: 0, down: 0 };
  /** When the present training was at which batch, to take the speed from. */
  #mark: { readonly at: number; readonly batches: number } | null = null;

  /**
   * @param clock seconds
   * @param changed called after every change
   */
  constructor(clock: () => number, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get figures(): SessionFigures {
    const now = this.#connection?.traffic() ?? { bytesIn: 0, bytesOut: 0 };
    return {
      ...this.#figures,
      bytesUp: this.#past.up + now.bytesOut,
      bytesDown: this.#past.down + now.bytesIn,
    };
  }

  /** The connection with its bytes counted and its end noticed. */
  watch(connection: FrameConnection): FrameConnection {
    this.#connection = connection;
    this.set({ connection: 'connected' });
    return {
      peer: connection.peer,
      send: (frame) => connection.send(frame),
      traffic: () => connection.traffic(),
      close: (reason) => {
        connection.close(reason);
      },
      subscribe: (handlers) => {
        connection.subscribe({
          onFrame: handlers.onFrame,
          onClose: (reason) => {
            this.#lost(connection);
            handlers.onClose(reason);
          },
        });
      },
    };
  }

  hear(report: ClientReport): void {
    switch (report.kind) {
      case 'note':
        this.set({ note: report.message });
        return;
      case 'admitted':
        this.set({
          admitted: true,
          note: null,
          partitionIndex: report.partitionIndex,
          samples: report.samples,
          backend: report.backend,
        });
        return;
      case 'task':
        this.#mark = null;
        this.set({
          task: report.task,
          round: report.round ?? this.#figures.round,
          epoch: 0,
          batch: 0,
          batches: 0,
        });
        return;
      case 'progress':
        this.#progress(report.progress);
        return;
      case 'sent':
        if (report.message === 'update') this.set({ updates: this.#figures.updates + 1, task: null });
        else this.set({ task: null });
    }
  }

  set(change: Partial<SessionFigures>): void {
    this.#figures = { ...this.#figures, ...change };
    this.#changed();
  }

  #progress({ epoch, batch, batches, loss }: Extract<ClientReport, { kind: 'progress' }>['progress']): void {
    const done = epoch * batches + batch + 1;
    const now = this.#clock();
    this.#mark ??= { at: now, batches: done };
    const { at, batches: before } = this.#mark;
    const images = ((done - before) * this.#figures.samples) / Math.max(1, batches);
    const imagesPerSecond = now > at && done > before ? images / (now - at) : this.#figures.imagesPerSecond;
    this.set({ epoch, batch: batch + 1, batches, loss, imagesPerSecond });
  }

  #lost(connection: FrameConnection): void {
    if (this.#connection !== connection) return;
    const { bytesIn, bytesOut } = connection.traffic();
    this.#past = { up: this.#past.up + bytesOut, down: this.#past.down + bytesIn };
    this.#connection = null;
    this.set({ connection: 'lost', admitted: false });
  }
}
