/** A hostile peer over bare TCP: what it writes, how it stops, and what comes back. */
import { connect } from 'node:net';
import { pick } from './frames.mjs';
import { garbage, request, upgrade, webSocketFrame } from './http-requests.mjs';

/**
 * @typedef {import('node:net').Socket} Socket
 * @typedef {import('./frames.mjs').Random} Random
 * @typedef {{ tally: HttpTally, admin: string }} Attack
 */

/** Requests sent and answers received, over all peers. */
export class HttpTally {
  requests = 0;
  connections = 0;
  /** @type {Record<string, number>} */
  kinds = {};
  /** @type {Record<string, number>} */
  statuses = {};
  /** Answers with a status that means a mistake of the server's, with what was asked. @type {string[]} */
  mistakes = [];
  refusedConnections = 0;

  /**
   * @param {string} kind
   * @param {number} requests
   */
  sent(kind, requests) {
    this.requests += requests;
    this.kinds[kind] = (this.kinds[kind] ?? 0) + requests;
  }

  /**
   * @param {string} text
   * @param {readonly Uint8Array[]} asked
   */
  answered(text, asked) {
    for (const [, status] of text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
      if (status === undefined) continue;
      this.statuses[status] = (this.statuses[status] ?? 0) + 1;
      if (status === '500') this.mistakes.push(Buffer.concat(asked).toString('latin1').slice(0, 300));
    }
  }
}

/**
 * One connection: opened, used in a way drawn at random, and left in a way drawn at random.
 * @param {number} port
 * @param {Random} random
 * @param {Attack} attack
 */
export async function misbehaveOnce(port, random, { tally, admin }) {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const connected = new Promise((resolve) => socket.once('connect', resolve));
  const opened = await Promise.race([connected.then(() => true), closed.then(() => false)]);
  tally.connections++;
  if (!opened) {
    tally.refusedConnections++;
    return;
  }
  let text = '';
  const heard = new Promise((resolve) => socket.once('data', resolve));
  socket.on('data', (chunk) => (text = (text + chunk.toString('latin1')).slice(-20_000)));
  // One that does not read is among the ways to misbehave.
  if (random() < 0.05) socket.pause();
  const asked = write(socket, random, { tally, admin });
  // Most wait for the first words of an answer, which half a request gets only when its time is over.
  if (random() < 0.8 && socket.bytesWritten > 0) await Promise.race([heard, closed, pause(500)]);
  await Promise.race([closed, pause(10 * random() ** 3)]);
  leave(socket, random);
  await Promise.race([closed, pause(50)]);
  socket.destroy();
  tally.answered(text, asked);
}

/**
 * Writes something; gives it for the report.
 * @param {Socket} socket
 * @param {Random} random
 * @param {Attack} attack
 */
function write(socket, random, { tally, admin }) {
  const draw = random();
  const options = { admin };
  if (draw < 0.35) return send(socket, tally, 'request', [request(random, options)]);
  if (draw < 0.6) {
    const count = 2 + Math.floor(20 * random() ** 2);
    return send(
      socket,
      tally,
      'pipelined',
      Array.from({ length: count }, () => request(random, options)),
    );
  }
  if (draw < 0.7) {
    const whole = request(random, options);
    return send(socket, tally, 'half-sent', [whole.subarray(0, Math.floor(whole.length * random()))]);
  }
  if (draw < 0.8) return send(socket, tally, 'garbage', [garbage(random, options)]);
  if (draw < 0.82) return send(socket, tally, 'silent', []);
  if (draw < 0.9) return send(socket, tally, 'upgrade', [upgrade(random)]);
  const frames = Array.from({ length: 1 + Math.floor(60 * random() ** 3) }, () => webSocketFrame(random));
  return send(socket, tally, 'upgrade and frames', [upgrade(random), Buffer.concat(frames)], 1);
}

/**
 * @param {Socket} socket
 * @param {HttpTally} tally
 * @param {string} kind
 * @param {readonly Uint8Array[]} parts
 * @param {number} requests
 */
function send(socket, tally, kind, parts, requests = Math.max(1, parts.length)) {
  tally.sent(kind, requests);
  socket.write(Buffer.concat(parts));
  return parts;
}

/**
 * @param {Socket} socket
 * @param {Random} random
 */
function leave(socket, random) {
  const way = pick(random, ['end', 'destroy', 'reset', 'wait']);
  if (way === 'end') socket.end();
  else if (way === 'destroy') socket.destroy();
  else if (way === 'reset') socket.resetAndDestroy();
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
