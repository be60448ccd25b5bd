import { request } from 'node:http';
import type { Duplex } from 'node:stream';

/** A WebSocket that was asked for by hand. */
export interface RawSocket {
  readonly status: number;
  /** Null where the status is not 101. */
  readonly socket: Duplex | null;
  readonly end: () => void;
}

/**
 * Requests a WebSocket upgrade and does nothing more.
 * @param query added to the parameters that every client sends
 */
export function upgraded(url: string, headers: Record<string, string> = {}, query = ''): Promise<RawSocket> {
  const asked = request(`${url}/socket.io/?EIO=4&transport=websocket${query}`, {
    headers: {
      ...headers,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    },
  });
  const end = (): void => {
    asked.destroy();
  };
  return new Promise((resolve, reject) => {
    asked.on('error', reject);
    asked.on('upgrade', (_, socket) => {
      resolve({ status: 101, socket, end: () => socket.destroy() });
    });
    asked.on('response', ({ statusCode = 0 }) => {
      resolve({ status: statusCode, socket: null, end });
    });
    asked.end();
  });
}

/** A frame of the WebSocket protocol, masked with zeros. */
export function webSocketFrame(opcode: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);
}

/** Sends the bytes; resolves when that text has arrived. */
export function answered(socket: Duplex, bytes: Buffer, words: string): Promise<void> {
  return new Promise((resolve) => {
    let heard = '';
    const hear = (chunk: Buffer): void => {
      heard += chunk.toString('latin1');
      if (!heard.includes(words)) return;
      socket.off('data', hear).resume();
      resolve();
    };
    socket.on('data', hear);
    socket.write(bytes);
  });
}
