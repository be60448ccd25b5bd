/** Hostile peers: strangers, and insiders who joined honestly and then misbehave. */
import { answerChallenge, connectSocket } from '@espalier/client';
import { denseMask, ERROR_CODES, momentSpecs, packedLength, Mask } from '@espalier/core';
import {
  decodeServerMessage,
  encodeClientMessage,
  FrameAssembler,
  splitFrames,
  wireContext,
} from '@espalier/proto';
import { nodeHash } from '@espalier/server';
import { bomb, claimingFrame, mutated, mutatedGolden, pick, randomBytes, wrongState } from './frames.mjs';

/** Milliseconds after which a frame, a connection or a join that nobody answered counts as a hang. */
const HANG = 30_000;

/** One connection of a hostile peer; it counts what it sends and what comes back. */
export class Hostile {
  #tally;
  #random;
  #connection;
  #assembler;
  #closed = false;
  #transfer = 0;
  #waiting = [];
  wire = wireContext(null);
  job = null;
  update = null;

  static async connect(url, random, tally) {
    const hostile = new Hostile();
    hostile.#random = random;
    hostile.#tally = tally;
    const connection = await connected(url);
    tally.connections++;
    hostile.#connection = connection;
    hostile.#assembler = new FrameAssembler(
      { maxFrameBytes: 2 ** 22, maxMessageBytes: 2 ** 27 },
      { hash: nodeHash },
    );
    const challenge = hostile.#next('challenge');
    connection.subscribe({
      onFrame: (frame) => hostile.#hear(frame),
      onClose: () => {
        hostile.#closed = true;
        for (const { resolve } of hostile.#waiting.splice(0)) resolve(null);
      },
    });
    const first = await withinPatience(challenge, 'a connection was not challenged');
    if (first === null) return hostile;
    hostile.job = {
      classes: first.job.classes,
      imageShape: first.job.graph.nodes[0].shape,
      maxFrameBytes: first.job.maxFrameBytes,
      nonce: first.nonce,
    };
    return hostile;
  }

  get closed() {
    return this.#closed;
  }

  /**
   * Joins with the right token and the right gradients, as the client it was before; false when the coordinator would
   * not have it.
   */
  async joinHonestly(token, canaryOf, seat) {
    const { classes, imageShape, nonce } = this.job;
    const answer = answerChallenge(token, nonce);
    // Waited for from now on: the answer may come with the acknowledgement.
    const welcomed = this.#next('welcome');
    await this.#message({
      kind: 'join',
      protocolVersion: 1,
      answer,
      returnToken: seat.returnToken,
      name: 'insider',
      part: null,
      profile: { backend: 'none', memoryBytes: 0, macsPerSecond: 0, platform: 'fuzz' },
      samples: 5,
      classes,
      imageShape,
    });
    const welcome = await withinPatience(welcomed, 'a join was not answered');
    if (welcome === null) return false;
    seat.returnToken = welcome.returnToken;
    const admitted = this.#next('admitted');
    await this.#message({ kind: 'canaryResult', gradients: await canaryOf(welcome.canary) });
    return (await withinPatience(admitted, 'a canary was not answered')) !== null;
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

  #whole(bytes, kind) {
    return this.frames(this.#split(bytes, this.job.maxFrameBytes), kind);
  }

  #split(bytes, maxFrameBytes) {
    return [...splitFrames(bytes, { transferId: this.#transfer++, maxFrameBytes, hash: nodeHash })];
  }

  #message(message) {
    return this.frames(
      this.#split(encodeClientMessage(message, this.wire), this.job.maxFrameBytes),
      'joining',
    );
  }

  /** Sends frames at once, as long as the connection stands; every one must be answered. */
  async frames(frames, kind) {
    if (this.#closed) return;
    const answers = frames.map((frame) => {
      this.#tally.frame(kind);
      return this.#connection.send(frame).catch((error) => this.#tally.code(error.code));
    });
    await withinPatience(Promise.all(answers), `a frame (${kind}) was not answered`);
  }

  close() {
    this.#connection.close('done');
  }

  #hear(frame) {
    const bytes = this.#assembler.push(frame);
    if (bytes === null) return;
    const message = decodeServerMessage(bytes, this.wire);
    if (message.kind === 'challenge') this.wire = wireContext(message.job.graph);
    if (message.kind === 'refused') this.#tally.code(message.code);
    if (message.kind === 'train') this.update = updateFor(message, this.wire.graph, this.update);
    const at = this.#waiting.findIndex(({ kind }) => kind === message.kind);
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(message);
    // Refused for good, it will hear nothing else.
    if (message.kind === 'refused' && message.fatal)
      for (const { resolve } of this.#waiting.splice(0)) resolve(null);
  }

  #next(kind) {
    return new Promise((resolve) => {
      if (this.#closed) resolve(null);
      else this.#waiting.push({ kind, resolve });
    });
  }
}

/** Awaits the promise for a limited time: a peer that waited for ever would send nothing more, unnoticed. */
function withinPatience(promise, problem) {
  let timer;
  const hang = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${problem} within ${HANG / 1000} s`)), HANG);
  });
  return Promise.race([promise, hang]).finally(() => clearTimeout(timer));
}

/** An update of the round that is right in every respect, to be spoiled. */
function updateFor({ round, model }, graph, before) {
  const mask = model.maskUpdate.kind === 'full' ? model.maskUpdate.mask : (before?.mask ?? denseMask(graph));
  return {
    mask,
    round,
    maskHash: model.mask.hash,
    delta: new Float32Array(packedLength(graph, mask instanceof Mask ? mask : denseMask(graph))),
    moments: new Map(
      momentSpecs(graph).map(({ node, channels }) => [
        node,
        { mean: new Float32Array(channels), variance: new Float32Array(channels).fill(1) },
      ]),
    ),
    samples: 5,
    metrics: {
      loss: 1,
      steps: 1,
      samplesSeen: 1,
      seconds: 0,
      macs: 1,
      peakBytes: 1,
      microBatch: 1,
      backend: 'none',
    },
    topGradients: [],
    evaluation: null,
  };
}

/** A busy coordinator may turn a connection away; not twenty times. */
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
  kinds = {};
  codes = {};

  frame(kind) {
    this.frames++;
    this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
  }

  code(code) {
    this.codes[code] = (this.codes[code] ?? 0) + 1;
  }

  /** Codes that are no typed refusal: none of the list, or the one that means a mistake of ours. */
  get untyped() {
    return Object.keys(this.codes).filter((code) => code === 'internal' || !ERROR_CODES.includes(code));
  }
}
