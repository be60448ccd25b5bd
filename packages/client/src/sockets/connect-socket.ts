import { ERROR_CODES, EspalierError, type ErrorCode, printable } from '@espalier/core';
import { connectionOver, type FrameAnswer, type FrameConnection } from '@espalier/core/protocol';
import { io, type Socket } from 'socket.io-client';
import { fieldOf } from './field-of.js';
import { TrafficMeter } from './traffic-meter.js';

/** Settings for reaching a coordinator. */
export interface ConnectOptions {
  /** Milliseconds that it may take; 10 000. */
  readonly timeout?: number;
  /** Certificate authority in PEM form for a coordinator with a certificate of its own making (Node only). */
  readonly ca?: string;
}

/**
 * A fresh connection to a coordinator, over WebSocket only. It tries once and never reconnects by itself: the session
 * asks for another one, and knows when.
 * @param url as the coordinator prints it, e.g. `http://127.0.0.1:7464`
 * @throws EspalierError `connection_lost` when nobody answers or the coordinator turns it away without a word, else what
 * it says, such as `limit_exceeded`; `invalid_argument` for a URL that is none.
 */
export async function connectSocket(url: string, options: ConnectOptions = {}): Promise<FrameConnection> {
  checkUrl(url);
  try {
    return await connectOnce(url, options);
  } catch (error) {
    throw unreachableServer(url, error);
  }
}

function checkUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (!['http:', 'https:', 'ws:', 'wss:'].includes(protocol)) {
    throw new EspalierError(
      'invalid_argument',
      `${JSON.stringify(url)} is not the address of a coordinator; expected one such as http://127.0.0.1:7464`,
    );
  }
}

function unreachableServer(url: string, error: unknown): EspalierError {
  const told = fieldOf(error, 'data', 'code');
  const code = ERROR_CODES.find((each) => each === told);
  // Nothing has looked at what a socket.io server says before there is a connection.
  if (code) return new EspalierError(code, sentenceOf(error), { url });
  // The library says `websocket error`; what is behind it, such as ECONNREFUSED, says more.
  const behind = fieldOf(error, 'description', 'message');
  const reason = typeof behind === 'string' && behind !== '' ? printable(behind) : sentenceOf(error);
  return new EspalierError(
    'connection_lost',
    `no coordinator answers at ${url} (${reason}); check the address and that it runs`,
    { url },
  );
}

/** Most characters of a stranger's sentence that are shown. */
const MOST_SHOWN = 1000;

function sentenceOf(error: unknown): string {
  return printable(String(fieldOf(error, 'message')).slice(0, MOST_SHOWN));
}

function connectOnce(url: string, { timeout = 10_000, ca }: ConnectOptions): Promise<FrameConnection> {
  const socket = io(url, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    timeout,
    ...(ca === undefined ? {} : { ca }),
  });
  const meter = new TrafficMeter();
  const connection = connectionOf(socket, url, meter);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      meter.watch(socket);
      resolve(connection);
    });
    socket.once('connect_error', (error) => {
      socket.disconnect();
      reject(error);
    });
  });
}

function connectionOf(socket: Socket, url: string, meter: TrafficMeter): FrameConnection {
  const { connection, events } = connectionOver({
    peer: url,
    // The coordinator sets the cap and refuses what is above it; what it sends is below.
    maxFrameBytes: Infinity,
    emit: (frame, answer) => {
      meter.sent(frame.length);
      socket.emit('frame', frame, (refusal: unknown) => {
        answer(refusalCode(refusal));
      });
    },
    close: () => {
      socket.disconnect();
    },
    traffic: () => meter.read(),
  });
  socket.on('frame', (payload: ArrayBuffer | Uint8Array, answer: FrameAnswer) => {
    meter.received(payload.byteLength);
    events.frameCame(payload, answer);
  });
  socket.once('disconnect', (reason, details) => {
    if (fieldOf(details, 'context', 'code') === MESSAGE_TOO_BIG)
      events.portClosed('a frame was above the cap', 'frame_too_large');
    else events.portClosed(reason);
  });
  return connection;
}

function refusalCode(refusal: unknown): ErrorCode | null {
  if (refusal === null) return null;
  return ERROR_CODES.find((code) => code === refusal) ?? 'not_expected';
}

/** RFC 6455, §7.4.1: the peer received a message that is too big for it to process. */
const MESSAGE_TOO_BIG = 1009;
