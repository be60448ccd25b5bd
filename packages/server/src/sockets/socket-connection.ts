import { connectionOver, type FrameAnswer, type FrameConnection } from '@espalier/core';
import type { Socket } from 'socket.io';

/**
 * A {@link FrameConnection} over a client's socket. Traffic is what the TCP socket under it has read and written:
 * the handshake, WebSocket framing and heartbeats included.
 */
export function acceptSocket(socket: Socket, maxFrameBytes: number): FrameConnection {
  const tcp = socket.request.socket;
  const { connection, events } = connectionOver({
    peer: `${tcp.remoteAddress ?? 'unknown'}:${tcp.remotePort ?? 0}`,
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
  socket.on('frame', (payload: unknown, acknowledge: unknown) => {
    events.frameCame(payload, isCallable(acknowledge) ? acknowledge : ignore);
  });
  socket.on('disconnect', (reason) => {
    events.portClosed(reason);
  });
  return connection;
}

/** A stranger's event may carry anything in place of the acknowledgement. */
function isCallable(value: unknown): value is FrameAnswer {
  return typeof value === 'function';
}

const ignore: FrameAnswer = () => undefined;
