import type { Traffic } from '@espalier/core/protocol';
import type { Socket } from 'socket.io-client';
import { fieldOf } from './field-of.js';

/** The counters of a TCP socket, as Node has them. */
interface TcpCounters {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/**
 * Bytes that crossed a connected socket. In Node the TCP socket under it is asked, so that handshake, framing and
 * heartbeats count (encryption does not); browsers hide theirs, and there only frames count.
 */
export class TrafficMeter {
  #tcp: TcpCounters | undefined;
  #framesIn = 0;
  #framesOut = 0;

  /** To be called once the socket is connected. */
  watch(socket: Pick<Socket, 'io'>): void {
    const tcp = fieldOf(socket.io, 'engine', 'transport', 'ws', '_socket');
    if (isTcpCounters(tcp)) this.#tcp = tcp;
  }

  received(bytes: number): void {
    this.#framesIn += bytes;
  }

  sent(bytes: number): void {
    this.#framesOut += bytes;
  }

  read(): Traffic {
    if (this.#tcp) return { bytesIn: this.#tcp.bytesRead, bytesOut: this.#tcp.bytesWritten };
    return { bytesIn: this.#framesIn, bytesOut: this.#framesOut };
  }
}

function isTcpCounters(value: unknown): value is TcpCounters {
  return (
    typeof fieldOf(value, 'bytesRead') === 'number' && typeof fieldOf(value, 'bytesWritten') === 'number'
  );
}
