/** Hostile peers: strangers, and insiders who joined honestly and then misbehave. */
import { answerChallenge, connectSocket } from '@espalier/client';
import { ERROR_CODES, EspalierError } from '@espalier/core';
import { PROTOCOL_VERSION } from '@espalier/core/protocol';
import {
  decodeServerMessage,
  encodeClientMessage,
  FrameAssembler,
  splitFrames,
  wireContext,
} from '@espalier/proto';
import { nodeHash } from '@espalier/server';
import { emptyUpdate, flatMeasured, maskAfter } from '../../e2e/dist/spec/support/honest-answers.js';
import {
  bomb,
  claimingFrame,
  imageShapeOf,
  mutated,
  mutatedGolden,
  pick,
  randomBytes,
  wrongState,
} from './frames.mjs';

/**
 * @typedef {import('@espalier/core').ClientUpdate} ClientUpdate
 * @typedef {import('@espalier/core').Mask} Mask
 * @typedef {import('@espalier/core').Canary} Canary
 * @typedef {import('@espalier/core/protocol').ClientMessage} ClientMessage
 * @typedef {import('@espalier/core/protocol').FrameConnection} FrameConnection
 * @typedef {import('@espalier/core/protocol').ServerMessage} ServerMessage
 * @typedef {ServerMessage['kind']} Kind
 * @typedef {Extract<ServerMessage, { kind: 'challenge' }>} Challenge
 */

/** Samples that an insider says it has. */
const SAMPLES = 5;

/** Milliseconds after which a frame, a connection or a join that nobody answered counts as a hang. */
const HANG = 30_000;

/** One connection of a hostile peer; it counts what it sends and what comes back. */
export class Hostile {
  #tally;
  #random;
  #connection;
  #assembler = new FrameAssembler({ maxFrameBytes: 2 ** 22, maxMessageBytes: 2 ** 27 }, { hash: nodeHash });
  #closed = false;
  #transfer = 0;
  /** @type {{ kind: Kind, resolve: (message: ServerMessage | null) => void }[]} */
  #waiting = [];
  /** @type {Challenge | null} */
  #challenge = null;
  /** @type {Mask | null} */
  #mask = null;
  /** @type {Promise<void>} */
  #answered = Promise.resolve();
  wire = wireContext(null);
  /** Right in every respect, to be spoiled. @type {ClientUpdate | null} */
  update = null;

  /**
   * @param {FrameConnection} connection
   * @param {() => number} random
   * @param {Tally} tally
   */
  constructor(connection, random, tally) {
    this.#connection = connection;
    this.#random = random;
    this.#tally = tally;
  }

  /**
   * Connects and waits for the challenge; null when the coordinator turned it away at once.
   * @param {string} url
   * @param {() => number} random
   * @param {Tally} tally
   */
  static async connect(url, random, tally) {
    const connection = await connected(url);
    tally.connections++;
    const hostile = new Hostile(connection, random, tally);
    const challenge = hostile.#next('challenge');
    connection.subscribe({
      onFrame: (frame) => {
        hostile.#hear(frame);
      },
      onClose: () => {
        hostile.#closed = true;
        for (const { resolve } of hostile.#waiting.splice(0)) resolve(null);
      },
    });
    hostile.#challenge = await withinPatience(challenge, 'a connection was not challenged');
    return hostile.#challenge === null ? null : hostile;
  }

  get job() {
    if (this.#challenge === null) throw new Error('there was no challenge yet');
    return this.#challenge.job;
  }

  get closed() {
    return this.#closed;
  }

  /**
   * Joins with the right token and the right gradients, as the client it was before; false when the coordinator would
   * not have it.
   * @param {string} token
   * @param {(canary: Canary) => Promise<Float32Array>} canaryOf gives the right gradients
   * @param {{ returnToken: string | null }} seat
   */
  async joinHonestly(token, canaryOf, seat) {
    if (this.#challenge === null) return false;
    const { job, nonce } = this.#challenge;
    const answer = answerChallenge(token, nonce);
    // Waited for from now on: the answer may come with the acknowledgement.
    const welcomed = this.#next('welcome');
    await this.#message({
      kind: 'join',
      protocolVersion: PROTOCOL_VERSION,
      answer,
      returnToken: seat.returnToken,
      name: 'insider',
      part: null,
      profile: { backend: 'none', memoryBytes: 0, macsPerSecond: 0, platform: 'fuzz' },
      samples: SAMPLES,
      classes: job.classes,
      imageShape: imageShapeOf(job.graph),
    });
    const welcome = await withinPatience(welcomed, 'a join was not answered');
    if (welcome === null) return false;
    seat.returnToken = welcome.returnToken;
    const admitted = this.#next('admitted');
    await this.#message({ kind: 'canaryResult', gradients: await canaryOf(welcome.canary) });
    if ((await withinPatience(admitted, 'a canary was not answered')) === null) return false;
    this.#tally.insiders++;
    return true;
  }

  /** One hostile deed of a kind drawn at random; counts the frames that left. */
  async act() {
    const random = this.#random;
    const draw = random();
    if (draw < 0.2) return this.frames([randomBytes(random, 3000)], 'random');
    if (draw < 0.26) return this.frames([claimingFrame(random)], 'claims');
    if (draw < 0.28)
      return this.frames(
        [new Uint8Array(this.job.maxFrameBytes + 1 + Math.floor(2000 * random()))],
        'oversized',
      );
    if (draw < 0.4) return this.#brokenTransfer();
    return this.actInFrames();
  }

  /** A deed whose frames are right and whose message is not: it reaches the decoders. */
  async actInFrames() {
    await this.#answered;
    const random = this.#random;
    const draw = random();
    if (draw < 0.35) return this.#whole(mutatedGolden(random), 'mutated golden');
    if (draw < 0.65) return this.#whole(mutated(random, wrongState(random, this)), 'mutated live');
    if (draw < 0.8) return this.#whole(wrongState(random, this), 'wrong state');
    if (draw < 0.88) return this.#whole(bomb(random), 'bomb');
    return this.#whole(randomBytes(random, 3000), 'random message');
  }

  /** A transfer with frames left out, swapped, doubled, cut or changed. */
  #brokenTransfer() {
    const random = this.#random;
    const message = random() < 0.5 ? wrongState(random, this) : randomBytes(random, 4000);
    const frames = this.#split(message, 256);
    const at = Math.floor(frames.length * random());
    const broken = [
      () => frames.filter((_, i) => i !== at),
      () => [...frames].reverse(),
      () => [...frames.slice(0, at + 1), ...frames.slice(at)],
      () =>
        frames.map((frame, i) => (i === at ? frame.subarray(0, Math.floor(frame.length * random())) : frame)),
      () => frames.map((frame, i) => (i === at ? mutated(random, frame) : frame)),
    ];
    return this.frames(pick(random, broken)(), 'broken transfer');
  }

  /**
   * @param {Uint8Array} bytes
   * @param {string} kind
   */
  #whole(bytes, kind) {
    return this.frames(this.#split(bytes, this.job.maxFrameBytes), kind);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} maxFrameBytes
   */
  #split(bytes, maxFrameBytes) {
    return [...splitFrames(bytes, { transferId: this.#transfer++, maxFrameBytes, hash: nodeHash })];
  }

  /**
   * @param {ClientMessage} message
   * @param {string} kind
   */
  #message(message, kind = 'joining') {
    return this.#whole(encodeClientMessage(message, this.wire), kind);
  }

  /**
   * Sends frames at once while the connection is open; every one must be answered.
   * @param {readonly Uint8Array[]} frames
   * @param {string} kind for the tally
   */
  async frames(frames, kind) {
    if (this.#closed) return;
    const answers = frames.map((frame) => {
      this.#tally.frame(kind);
      return this.#connection.send(frame).catch((/** @type {unknown} */ error) => {
        this.#tally.code(error instanceof EspalierError ? error.code : String(error));
      });
    });
    await withinPatience(Promise.all(answers), `a frame (${kind}) was not answered`);
  }

  close() {
    this.#connection.close('done');
  }

  /** @param {Uint8Array} frame */
  #hear(frame) {
    const bytes = this.#assembler.push(frame);
    if (bytes === null) return;
    const message = decodeServerMessage(bytes, this.wire);
    if (message.kind === 'challenge') this.wire = wireContext(message.job.graph);
    if (message.kind === 'refused') this.#tally.code(message.code);
    if (message.kind === 'train' || message.kind === 'measure') this.#follow(message);
    const at = this.#waiting.findIndex(({ kind }) => kind === message.kind);
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(message);
    // Refused for good, it will hear nothing else.
    if (message.kind === 'refused' && message.fatal)
      for (const { resolve } of this.#waiting.splice(0)) resolve(null);
  }

  /**
   * Keeps an update for the round, and measures honestly: a run whose moments are never measured gets nowhere.
   * @param {Extract<ServerMessage, { kind: 'train' | 'measure' }>} message
   */
  #follow(message) {
    this.#mask = maskAfter(this.#mask, message);
    const view = { graph: this.job.graph, mask: this.#mask, samples: SAMPLES };
    if (message.kind === 'train') this.update = emptyUpdate(message, view);
    else {
      this.#answered = this.#message(flatMeasured(message.round, view), 'measured');
      // What fails it is thrown by the next deed.
      this.#answered.catch(() => undefined);
    }
  }

  /**
   * The next message of that kind; null when the connection closes first.
   * @template {Kind} K
   * @param {K} kind
   * @returns {Promise<Extract<ServerMessage, { kind: K }> | null>}
   */
  #next(kind) {
    return new Promise((resolve) => {
      if (this.#closed) resolve(null);
      else
        this.#waiting.push({
          kind,
          resolve: (message) => {
            resolve(isKind(message, kind) ? message : null);
          },
        });
    });
  }
}

/**
 * @template {Kind} K
 * @param {ServerMessage | null} message
 * @param {K} kind
 * @returns {message is Extract<ServerMessage, { kind: K }>}
 */
function isKind(message, kind) {
  return message?.kind === kind;
}

/**
 * Awaits the promise for a limited time. A peer that waits for ever would send nothing more, and only the clock would show it.
 * @template T
 * @param {Promise<T>} promise
 * @param {string} problem
 * @returns {Promise<T>}
 */
function withinPatience(promise, problem) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const hang = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${problem} within ${HANG / 1000} s`));
    }, HANG);
  });
  return Promise.race([promise, hang]).finally(() => {
    clearTimeout(timer);
  });
}

/**
 * A busy coordinator may turn a connection away; not twenty times.
 * @param {string} url
 */
async function connected(url) {
  for (let left = 20; ; left--) {
    try {
      return await connectSocket(url, { timeout: HANG });
    } catch (error) {
      if (left === 1) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Counts of everything sent and received. */
export class Tally {
  frames = 0;
  connections = 0;
  /** Peers that were admitted. */
  insiders = 0;
  /** @type {Record<string, number>} */
  kinds = {};
  /** @type {Record<string, number>} */
  codes = {};

  /** @param {string} kind */
  frame(kind) {
    this.frames++;
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
  }

  /** @param {string} code */
  code(code) {
    this.codes[code] = (this.codes[code] ?? 0) + 1;
  }

  /** Codes that are no typed refusal: none of the list, or the one that means a mistake of ours. */
  get untyped() {
    const known = new Set(/** @type {readonly string[]} */ (ERROR_CODES));
    return Object.keys(this.codes).filter((code) => code === 'internal' || !known.has(code));
  }
}
