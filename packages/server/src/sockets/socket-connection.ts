import type { Socket as TcpSocket } from 'node:net';
import { connectionOver, type FrameAnswer, type FrameConnection } from '@espalier/core/protocol';
import type { Socket } from 'socket.io';
import { InboundGate } from './inbound-gate.js';
import type { ConnectionLimits } from './limits.js';
import { peerOf } from './tcp-sockets.js';
import { EspalierError, toEspalierError } from '@espalier/core';
import type { PacketGuard } from './packet-guard.js';

/** Socket and settings that a connection is made of. */
export interface AcceptOptions {
  readonly tcp: TcpSocket;
  readonly maxFrameBytes: number;
  readonly limits: ConnectionLimits;
  /** Watches what comes beside frames; undefined for a WebSocket of somebody else's making. */
  readonly guard: PacketGuard | undefined;
  /** It sent more than may wait, and is being cut off. */
  readonly onFlood: () => void;
  /** It sent something that nobody reads, or reading a frame failed (`internal`). */
  readonly onRefusal: (error: EspalierError) => void;
}

/**
 * A {@link FrameConnection} over a client's socket. Traffic is what the TCP socket under it has read and written:
 * the handshake, WebSocket framing and heartbeats included, and encryption where there is some.
 */
export function acceptSocket(
  socket: Socket,
  { tcp, maxFrameBytes, limits, guard, onFlood, onRefusal }: AcceptOptions,
): FrameConnection {
  const { connection, events } = connectionOver({
    peer: peerOf(tcp),
    maxFrameBytes,
    emit: (frame, answer) => {
      guard?.frameLeaves();
      socket.emit('frame', frame, (refusal: unknown) => {
        answer(refusal === null ? null : 'not_expected');
      });
    },
    close: () => {
      socket.disconnect(true);
      guard?.closing();
    },
    traffic: () => ({ bytesIn: tcp.bytesRead, bytesOut: tcp.bytesWritten }),
  });
  const gate = new InboundGate(limits, {
    deliver: events.frameCame,
    flooded: (answer) => {
      onFlood();
      events.frameRefused('limit_exceeded', answer);
    },
    failed: (error) => {
      onRefusal(toEspalierError(error));
      connection.close('reading a frame failed');
    },
  });
  socket.use(([name, ...rest], next) => {
    if (name === 'frame') {
      next();
      return;
    }
    onRefusal(unknownEvent(name));
    const acknowledge: unknown = rest.at(-1);
    if (isCallable(acknowledge)) acknowledge('not_expected');
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

function unknownEvent(name: unknown): EspalierError {
  const shown = JSON.stringify(String(name).slice(0, 50));
  return new EspalierError('not_expected', `an event ${shown} came; this protocol has only "frame"`);
}

/** A stranger's event may carry anything in place of the acknowledgement. */
function isCallable(value: unknown): value is FrameAnswer {
  return typeof value === 'function';
}

const ignore: FrameAnswer = () => undefined;
