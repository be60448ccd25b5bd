import type { FrameAnswer } from '@espalier/core/protocol';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { ConnectionLimits } from './limits.js';

/** Callbacks of a gate. */
export interface GateHandlers {
  readonly deliver: (payload: unknown, answer: FrameAnswer) => void;
  /** Called once: too much waits, and the connection is to be cut. */
  readonly flooded: (answer: FrameAnswer) => void;
  /** Called once: delivering a frame threw, and the connection is to be cut. */
  readonly failed: (error: unknown) => void;
}

interface WaitingFrame {
  readonly payload: unknown;
  readonly answer: FrameAnswer;
  readonly bytes: number;
}

/**
 * One connection's way in. Frames above the rate wait, in their order, and are acknowledged late, which slows an honest
 * sender down; who goes on sending without waiting for acknowledgements is cut off.
 */
export class InboundGate {
  readonly #limits: ConnectionLimits;
  readonly #handlers: GateHandlers;
  readonly #rate: RateLimiterMemory;
  readonly #queue: WaitingFrame[] = [];
  #bytes = 0;
  #isPumping = false;
  #isClosed = false;

  constructor(limits: ConnectionLimits, handlers: GateHandlers) {
    this.#limits = limits;
    this.#handlers = handlers;
    this.#rate = new RateLimiterMemory({ points: limits.framesPerSecond, duration: 1 });
  }

  came(payload: unknown, answer: FrameAnswer): void {
    if (this.#isClosed) return;
    const bytes = FRAME_COST + sizeOf(payload);
    if (this.#bytes + bytes > this.#limits.bytesInFlight) {
      this.close();
      this.#handlers.flooded(answer);
      return;
    }
    this.#bytes += bytes;
    this.#queue.push({ payload, answer, bytes });
    if (this.#isPumping) return;
    this.#pump().catch((error: unknown) => {
      this.close();
      this.#handlers.failed(error);
    });
  }

  /** Forgets what waits. */
  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    void this.#rate.delete(KEY);
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#queue.length > 0) {
      await this.#turn();
      const next = this.#queue.shift();
      if (!next) break;
      this.#bytes -= next.bytes;
      this.#handlers.deliver(next.payload, next.answer);
    }
    this.#isPumping = false;
  }

  /** Resolves when the rate allows one more. */
  async #turn(): Promise<void> {
    for (;;) {
      try {
        await this.#rate.consume(KEY);
        return;
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        await delay(refusal.msBeforeNext);
      }
      if (this.#isClosed) return;
    }
  }
}

/** Every gate counts for itself. */
const KEY = 'frames';

/** Cost in bytes of a waiting frame beside its payload, so that empty frames are not free. */
const FRAME_COST = 256;

function sizeOf(payload: unknown): number {
  if (ArrayBuffer.isView(payload) || payload instanceof ArrayBuffer) return payload.byteLength;
  return typeof payload === 'string' ? payload.length : 0;
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
