/** A TCP proxy between a client and the coordinator that cuts, delays and damages what passes. */
import { connect, createServer } from 'node:net';
import { portOf } from '../processes.mjs';

/**
 * @typedef {import('node:net').Socket} Socket
 * @typedef {{ client: Socket, server: Socket, deaf: boolean }} Pair
 * @typedef {{ host: string, port: number }} Target
 */

/**
 * Listens on a port of its own and forwards to `target`.
 * @param {Target} target
 */
export async function startProxy(target) {
  const proxy = new FaultyProxy(target);
  await proxy.listen();
  return proxy;
}

class FaultyProxy {
  #target;
  #server = createServer((client) => {
    this.#forward(client);
  });
  /** @type {Set<Pair>} */
  #pairs = new Set();
  #delay = 0;
  /** @type {string[]} */
  #next = [];

  /** @param {Target} target */
  constructor(target) {
    this.#target = target;
  }

  get url() {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  listen() {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        resolve(undefined);
      });
    });
  }

  /**
   * Everything takes that many seconds longer from now on.
   * @param {number} seconds
   */
  slower(seconds) {
    this.#delay += seconds;
  }

  /**
   * Does it to what passes next from the client, or to every connection where it is about connections.
   * @param {string} kind
   */
  strike(kind) {
    if (kind === 'disconnect') for (const { client, server } of this.#pairs) this.#destroy(client, server);
    else if (kind === 'halfOpen') for (const { client } of this.#pairs) this.#destroy(client);
    else this.#next.push(kind);
  }

  close() {
    this.#server.close();
    for (const { client, server } of this.#pairs) this.#destroy(client, server);
  }

  /** @param {Socket} client */
  #forward(client) {
    const server = connect(this.#target);
    const pair = { client, server, deaf: false };
    this.#pairs.add(pair);
    this.#pipe(pair, client, server, () => this.#next.shift());
    this.#pipe(pair, server, client, () => undefined);
    server.on('close', () => {
      this.#pairs.delete(pair);
      client.destroy();
    });
  }

  /**
   * @param {Pair} pair
   * @param {Socket} from
   * @param {Socket} to
   * @param {() => string | undefined} draw the next fault
   */
  #pipe(pair, from, to, draw) {
    // What goes wrong with either end shows as its close.
    from.on('error', () => undefined);
    from.on('data', (chunk) => {
      const fault = draw();
      // Swallowed from here on: heartbeats find out.
      if (fault === 'drop') pair.deaf = true;
      if (pair.deaf) return;
      if (fault === 'corrupt') chunk.writeUInt8(chunk.readUInt8(chunk.length >> 1) ^ 0x10, chunk.length >> 1);
      const passed = fault === 'truncate' ? chunk.subarray(0, chunk.length >> 1) : chunk;
      this.#later(() => {
        if (!to.destroyed) to.write(passed);
        if (fault === 'truncate') this.#destroy(from, to);
      });
    });
    from.on('end', () => {
      this.#later(() => to.end());
    });
  }

  /** In order: a delay that shrinks must not let later bytes overtake. */
  #due = 0;
  /** @param {() => void} action */
  #later(action) {
    const now = performance.now();
    this.#due = Math.max(this.#due, now + 1000 * this.#delay);
    if (this.#due <= now) action();
    else setTimeout(action, this.#due - now);
  }

  /** @param {readonly Socket[]} sockets */
  #destroy(...sockets) {
    for (const socket of sockets) socket.destroy();
  }
}
