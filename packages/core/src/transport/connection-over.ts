import { EspalierError, type ErrorCode } from '../errors.js';
import type { ConnectionHandlers, FrameConnection, Traffic } from '../protocol/connection.js';

/** The receiving end's word on a frame: null when it has it, or why it refuses it. */
export type FrameAnswer = (refusal: ErrorCode | null) => void;

/** Features of a connected socket library: the least that a connection can be built over. */
export interface FramePort {
  /** For logs: the peer's address. */
  readonly peer: string;
  /** Largest frame that may cross in either direction, in bytes; Infinity if the other end enforces it. */
  readonly maxFrameBytes: number;
  /** Sends a frame; `answer` is called when the peer has taken or refused it. */
  emit(frame: Uint8Array, answer: FrameAnswer): void;
  close(reason: string): void;
  traffic(): Traffic;
}

/** Events that the socket library reports. */
export interface PortEvents {
  /**
   * Reports an incoming frame: bytes in any of the shapes that socket libraries give. `answer` is called when
   * the connection's owner has it; a payload that is not a frame, or is too large, is refused and ends the
   * connection.
   */
  readonly frameCame: (payload: unknown, answer: FrameAnswer) => void;
  /** Refuses a frame, with that code, and ends the connection. */
  readonly frameRefused: (code: ErrorCode, answer: FrameAnswer) => void;
  /** Reports that the socket has closed; sends under way fail with that code. Further calls do nothing. */
  readonly portClosed: (reason: string, code?: ErrorCode) => void;
}

/** Frames that wait for a subscriber; a peer that sends more than that unheard is cut off. */
const MOST_HELD = 32;

/**
 * A {@link FrameConnection} over any port: holds frames back until there is a subscriber, fails sends under
 * way when the port closes, and reports the close once.
 */
export function connectionOver(port: FramePort): {
  readonly connection: FrameConnection;
  readonly events: PortEvents;
} {
  const state = new PortState(port);
  return {
    connection: {
      peer: port.peer,
      send: (frame) => state.send(frame),
      subscribe: (handlers) => {
        state.subscribe(handlers);
      },
      close: (reason) => {
        state.close(reason);
      },
      traffic: () => port.traffic(),
    },
    events: {
      frameCame: (payload, answer) => {
        state.frameCame(payload, answer);
      },
      frameRefused: (code, answer) => {
        state.frameRefused(code, answer);
      },
      portClosed: (reason, code) => {
        state.portClosed(reason, code);
      },
    },
  };
}

interface HeldFrame {
  readonly frame: Uint8Array;
  readonly answer: FrameAnswer;
}

class PortState {
  readonly #port: FramePort;
  readonly #sending = new Set<(error: EspalierError) => void>();
  readonly #held: HeldFrame[] = [];
  #handlers: ConnectionHandlers | undefined;
  #closed: { readonly reason: string; readonly code: ErrorCode } | undefined;

  constructor(port: FramePort) {
    this.#port = port;
  }

  send(frame: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(this.#lost(this.#closed));
        return;
      }
      if (frame.length > this.#port.maxFrameBytes) {
        reject(this.#tooLarge(frame.length));
        return;
      }
      this.#sending.add(reject);
      this.#port.emit(frame, (refusal) => {
        if (!this.#sending.delete(reject)) return;
        if (refusal === null) resolve();
        else
          reject(
            new EspalierError(refusal, `${this.#port.peer} refused a frame of ${String(frame.length)} bytes`),
          );
      });
    });
  }

  subscribe(handlers: ConnectionHandlers): void {
    if (this.#handlers) throw new EspalierError('internal', `somebody listens to ${this.#port.peer} already`);
    this.#handlers = handlers;
    for (const { frame, answer } of this.#held.splice(0)) this.#deliver(handlers, frame, answer);
    if (this.#closed) handlers.onClose(this.#closed.reason);
  }

  frameCame(payload: unknown, answer: FrameAnswer): void {
    if (this.#closed) return;
    const frame = bytesOf(payload);
    if (frame === null) this.#refuse('malformed_message', answer);
    else if (frame.length > this.#port.maxFrameBytes) this.#refuse('frame_too_large', answer);
    else if (this.#handlers) this.#deliver(this.#handlers, frame, answer);
    else if (this.#held.length < MOST_HELD) this.#held.push({ frame, answer });
    else this.#refuse('not_expected', answer);
  }

  frameRefused(code: ErrorCode, answer: FrameAnswer): void {
    if (!this.#closed) this.#refuse(code, answer);
  }

  close(reason: string): void {
    if (this.#closed) return;
    // First: the library may report the close on the spot, in its own words.
    this.portClosed(reason);
    this.#port.close(reason);
  }

  portClosed(reason: string, code: ErrorCode = 'connection_lost'): void {
    if (this.#closed) return;
    this.#closed = { reason, code };
    const failures = [...this.#sending];
    this.#sending.clear();
    for (const fail of failures) fail(this.#lost(this.#closed));
    this.#handlers?.onClose(reason);
  }

  #deliver(handlers: ConnectionHandlers, frame: Uint8Array, answer: FrameAnswer): void {
    handlers.onFrame(frame);
    answer(null);
  }

  #refuse(code: ErrorCode, answer: FrameAnswer): void {
    answer(code);
    this.close(`a frame was refused: ${code}`);
  }

  #tooLarge(bytes: number): EspalierError {
    const most = this.#port.maxFrameBytes;
    return new EspalierError(
      'frame_too_large',
      `a frame of ${String(bytes)} bytes is above the cap of ${String(most)}`,
      {
        bytes,
        most,
      },
    );
  }

  #lost({ reason, code }: { readonly reason: string; readonly code: ErrorCode }): EspalierError {
    return new EspalierError(code, `the connection to ${this.#port.peer} is closed: ${reason}`, { reason });
  }
}

function bytesOf(payload: unknown): Uint8Array | null {
  if (ArrayBuffer.isView(payload))
    return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  return payload instanceof ArrayBuffer ? new Uint8Array(payload) : null;
}
