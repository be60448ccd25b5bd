import type { Socket as TcpSocket } from 'node:net';
import { connectionOver, type FrameAnswer, type FrameConnection } from '@espalier/core/protocol';
import type { Socket } from 'socket.io';
import { InboundGate } from './inbound-gate.js';
import type { ConnectionLimits } from './limits.js';
import { peerOf } from './tcp-sockets.js';

/** What a socket is taken over with. */
export interface AcceptOptions {
  readonly tcp: TcpSocket;
  readonly maxFrameBytes: number;
  readonly limits: ConnectionLimits;
  /** It sent more than may wait, and is being cut off. */
  readonly onFlood: (connection: FrameConnection) => void;
}

/**
 * A {@link FrameConnection} over a client's socket. Traffic is what the TCP socket under it has read and written:
 * the handshake, WebSocket framing and heartbeats included, and encryption where there is some.
 */
export function acceptSocket(
  socket: Socket,
  { tcp, maxFrameBytes, limits, onFlood }: AcceptOptions,
): FrameConnection {
  const { connection, events } = connectionOver({
    peer: peerOf(tcp),
    maxFrameBytes,
    emit: (frame, answer) => {
      socket.emit('frame', frame, (refusal: unknown) => {
        answer(refusal === null ? null : 'not_expected');
      });
    },
    close: () => {
      socket.disconnect(true);
    },
    traffic: () => ({ bytesIn: tcp.bytesRead, bytesOut: tcp.bytesWritten }),
  });
  const gate = new InboundGate(limits, {
    deliver: events.frameCame,
    flooded: (answer) => {
      onFlood(connection);
      events.frameRefused('limit_exceeded', answer);
    },
  });
  socket.on('frame', (payload: unknown, acknowledge: unknown) => {
    gate.came(payload, isCallable(acknowledge) ? acknowledge : ignore);
  });
  socket.on('disconnect', (reason) => {
    gate.close();
    events.portClosed(reason);
  });
  return connection;
}

/** A stranger's event may carry anything in place of the acknowledgement. */
function isCallable(value: unknown): value is FrameAnswer {
  return typeof value === 'function';
}

const ignore: FrameAnswer = () => undefined;
