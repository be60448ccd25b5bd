import type { Socket as TcpSocket } from 'node:net';
import { connectionOver, type FrameAnswer, type FrameConnection } from '@espalier/core';
import type { Socket } from 'socket.io';
import { peerOf } from './tcp-sockets.js';

/**
 * A {@link FrameConnection} over a client's socket. Traffic is what the TCP socket under it has read and written:
 * the handshake, WebSocket framing and heartbeats included, and encryption where there is some.
 */
export function acceptSocket(
  socket: Socket,
  { tcp, maxFrameBytes }: { readonly tcp: TcpSocket; readonly maxFrameBytes: number },
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
