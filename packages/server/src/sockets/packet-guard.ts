import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type ServerOptions, type WebSocket } from 'ws';

/** Messages of no use to anybody that a connection may send at once, and one more each second. */
const SPARE = 16;

/** Milliseconds that a peer has to read the last words. */
const LAST_WORDS = 10_000;

/** An event that carries a frame, and an acknowledgement, as socket.io writes them. */
const FRAME = /^451-\d*\["frame",/;
const ACKNOWLEDGEMENT = /^43\d/;

/** Characters that tell what a message is: a number of 16 digits and the name of the event fit. */
const HEAD = 32;

/**
 * Counts what one WebSocket sends beside frames: heartbeats, the handshake, events of other names, acknowledgements of
 * nothing, pings. An honest peer sends one such message in ten seconds; above {@link SPARE} the connection is cut, before
 * any more of it is decoded. Frames have a rate of their own.
 */
export class PacketGuard {
  readonly #websocket: WebSocket;
  readonly #cut: () => void;
  readonly #began = performance.now();
  #spare = 0;
  /** Frames sent that have not been acknowledged. */
  #unanswered = 0;
  #isCut = false;

  /**
   * @param cut called once, when the connection has been cut
   */
  constructor(websocket: WebSocket, cut: () => void) {
    this.#websocket = websocket;
    this.#cut = cut;
    websocket.on('message', (data, isBinary) => {
      this.#message(data, isBinary);
    });
    for (const kind of ['ping', 'pong'] as const) {
      websocket.on(kind, () => {
        this.#useless();
      });
    }
  }

  /** A frame leaves: one acknowledgement may come. */
  frameLeaves(): void {
    this.#unanswered++;
  }

  /** The connection is being closed: what still comes is not read, and a peer that does not close it too is cut. */
  closing(): void {
    this.#websocket.removeAllListeners('message');
    const cut = setTimeout(() => {
      this.#websocket.terminate();
    }, LAST_WORDS);
    cut.unref();
    this.#websocket.once('close', () => {
      clearTimeout(cut);
    });
  }

  #message(data: RawData, isBinary: boolean): void {
    // The bytes of a frame; the decoder refuses those that no event has announced.
    if (isBinary) return;
    const head = Buffer.isBuffer(data) ? data.toString('latin1', 0, HEAD) : '';
    if (FRAME.test(head)) return;
    if (ACKNOWLEDGEMENT.test(head) && this.#unanswered > 0) {
      this.#unanswered--;
      return;
    }
    this.#useless();
  }

  #useless(): void {
    const seconds = (performance.now() - this.#began) / 1000;
    if (this.#isCut || ++this.#spare <= SPARE + seconds) return;
    this.#isCut = true;
    // What has been read already must reach nobody any more.
    this.#websocket.removeAllListeners('message');
    this.#websocket.terminate();
    this.#cut();
  }
}

/** The guards of a server's WebSockets. */
export interface PacketGuards {
  /** The WebSocket implementation to hand to socket.io. */
  readonly engine: new (options: ServerOptions) => WebSocketServer;
  /** The guard of the WebSocket that this request became. */
  readonly of: (request: IncomingMessage) => PacketGuard | undefined;
}

/**
 * Guards every WebSocket from its first message on.
 * @param onCut called with the request of one that has been cut
 */
export function packetGuards(onCut: (request: IncomingMessage) => void): PacketGuards {
  const guards = new WeakMap<IncomingMessage, PacketGuard>();
  class GuardedWebSockets extends WebSocketServer {
    override handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      callback: (client: WebSocket, request: IncomingMessage) => void,
    ): void {
      super.handleUpgrade(request, socket, head, (client, upgraded) => {
        guards.set(
          request,
          new PacketGuard(client, () => {
            onCut(request);
          }),
        );
        callback(client, upgraded);
      });
    }
  }
  return { engine: GuardedWebSockets, of: (request) => guards.get(request) };
}
