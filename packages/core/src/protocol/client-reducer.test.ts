import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { denseMask } from '../mask/mask.js';
import { reduceClient } from './client-reducer.js';
import { initialClientState, type ClientEffect, type ClientEvent, type ClientState } from './client-state.js';
import { PROTOCOL_VERSION, type ClientJob, type ClientMessage, type ServerMessage } from './messages.js';
import type { SparseModel } from '../trainer/client-update.js';

const graph = buildModel({ name: 'mlp', width: 2 }, [2, 2, 1], 2);
const normalization = { mean: [0], std: [1] };
const job: ClientJob = {
  name: 'test',
  seed: 1,
  numClients: 1,
  classes: ['a', 'b'],
  graph,
  data: { kind: 'procedural', numClasses: 2, samplesPerClass: 1, testSamplesPerClass: 1 },
  partition: { kind: 'iid' },
  serverSamplesPerClass: 0,
  normalization,
  developmentFraction: 0.1,
  evaluationFraction: 0,
  maxFrameBytes: 1000,
};
const mask = denseMask(graph);
const model: SparseModel = {
  mask: { version: 0, hash: mask.hash },
  maskUpdate: { kind: 'full', mask },
  values: new Float32Array(0),
  moments: new Map(),
};
const challenge: ServerMessage = {
  kind: 'challenge',
  protocolVersion: PROTOCOL_VERSION,
  nonce: new Uint8Array(32),
  job,
};
const batch = {
  imageShape: [2, 2, 1] as const,
  classes: ['a', 'b'],
  images: new Uint8Array(4),
  labels: new Uint16Array(1),
};
const welcome: ServerMessage = {
  kind: 'welcome',
  clientId: 'me',
  returnToken: 'back',
  partitionIndex: 0,
  canary: { graph, values: new Float32Array(0), batch, normalization },
};
const train = (round: number): ServerMessage => ({
  kind: 'train',
  round,
  model,
  work: {
    epochs: 1,
    batchSize: 1,
    learningRate: 0.1,
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    augmentation: null,
    momentMode: { kind: 'pooled' },
    proximal: 0,
    topGradients: [],
  },
  evaluate: false,
});
const finish = (evaluate: boolean): ServerMessage => ({ kind: 'finish', round: 2, model, evaluate });
const received = (message: ServerMessage): ClientEvent => ({ kind: 'received', message });
const answer: ClientMessage = { kind: 'canaryResult', gradients: new Float32Array(1) };
const done = (id: number): ClientEvent => ({ kind: 'taskDone', id, answer });
const opened: ClientEvent = { kind: 'opened' };
const lost: ClientEvent = { kind: 'closed', reason: 'gone' };

function play(
  events: readonly ClientEvent[],
  from: ClientState = initialClientState,
): { state: ClientState; last: string[] } {
  let state = from;
  let last: string[] = [];
  for (const event of events) {
    const next = reduceClient(state, event);
    state = next.state;
    last = next.effects.map(brief);
  }
  return { state, last };
}

/** Effects of `count` losses in a row, one list for each. */
function losses(count: number, from: ClientState): string[][] {
  let state = from;
  return Array.from({ length: count }, () => {
    const played = play([lost], state);
    state = played.state;
    return played.last;
  });
}

function brief(effect: ClientEffect): string {
  switch (effect.kind) {
    case 'run':
      return `run ${effect.id} ${effect.task.kind}`;
    case 'send':
      return `send ${effect.message.kind}`;
    case 'cancel':
      return `cancel ${effect.id}`;
    case 'connect':
      return `connect in ${effect.delaySeconds}`;
    case 'end':
      return effect.outcome.kind === 'failed'
        ? `end failed ${effect.outcome.code}`
        : `end ${effect.outcome.kind}`;
    case 'join':
      return `join ${String(effect.returnToken)}`;
    default:
      return effect.kind;
  }
}

const joining = [opened, received(challenge), { kind: 'dataReady' } as const];
const admitted = [...joining, received(welcome), done(1), received({ kind: 'admitted' })];

describe('joining', () => {
  it('loads its data after the challenge and joins when they are there', () => {
    expect(play([opened, received(challenge)]).last).toEqual(['loadData']);
    expect(play(joining).last).toEqual(['join null']);
  });

  it('proves its backend, then is admitted', () => {
    expect(play([...joining, received(welcome)]).last).toEqual(['run 1 canary']);
    expect(play([...joining, received(welcome), done(1)]).last).toEqual(['send canaryResult']);
    expect(play(admitted).state.phase).toBe('admitted');
  });

  it('ends on another protocol version, on bad data and on a fatal refusal', () => {
    const other = received({ ...challenge, protocolVersion: 99 });
    expect(play([opened, other]).last).toEqual(['send leave', 'end failed protocol_version']);
    expect(
      play([opened, received(challenge), { kind: 'dataFailed', code: 'invalid_data', message: 'x' }]).last,
    ).toEqual(['send leave', 'end failed invalid_data']);
    const refused: ServerMessage = {
      kind: 'refused',
      code: 'unauthorized',
      message: 'x',
      facts: {},
      fatal: true,
    };
    expect(play([...joining, received(refused)]).last).toEqual(['end failed unauthorized']);
  });
});

describe('working', () => {
  it('trains when asked and sends what comes of it', () => {
    expect(play([...admitted, received(train(0))]).last).toEqual(['run 2 train']);
    expect(play([...admitted, received(train(0)), done(2)]).last).toEqual(['send canaryResult']);
  });

  it('drops what it works on for a newer round, and ignores its late result', () => {
    const { state, last } = play([...admitted, received(train(0)), received(train(1))]);
    expect(last).toEqual(['cancel 2', 'run 3 train']);
    expect(play([done(2)], state).last).toEqual([]);
  });

  it('says when it cannot, and asks for the mask when it lost track', () => {
    const failing = (code: 'training_diverged' | 'mask_mismatch'): ClientEvent => ({
      kind: 'taskFailed',
      id: 2,
      code,
      message: 'x',
    });
    expect(play([...admitted, received(train(0)), failing('training_diverged')]).last).toEqual([
      'note',
      'send failed',
    ]);
    expect(play([...admitted, received(train(0)), failing('mask_mismatch')]).last).toEqual([
      'note',
      'send requestMask',
    ]);
  });

  it('comes back when it only was too much, or too slow', () => {
    const over = received({ kind: 'refused', code: 'limit_exceeded', message: 'x', facts: {}, fatal: true });
    const { state, last } = play([...joining, over]);
    expect(last).toEqual(['note']);
    expect(play([lost], state).last).toEqual(['note', 'connect in 0.25']);
  });

  it('acts on why an answer was refused', () => {
    const refused = (code: 'late' | 'mask_mismatch' | 'duplicate', facts: Record<string, number>) =>
      received({ kind: 'refused', code, message: 'x', facts, fatal: false });
    const training = play([...admitted, received(train(1))]).state;
    expect(play([refused('late', { round: 1, openRound: 2 })], training).last).toEqual(['note', 'cancel 2']);
    expect(play([refused('late', { round: 0, openRound: 1 })], training).last).toEqual(['note']);
    expect(play([refused('duplicate', { round: 1, openRound: 1 })], training).last).toEqual(['note']);
    expect(play([refused('mask_mismatch', { round: 1 })], play(admitted).state).last).toEqual([
      'note',
      'send requestMask',
    ]);
  });

  it('evaluates the final model before it ends, or ends at once', () => {
    expect(play([...admitted, received(finish(true))]).last).toEqual(['run 2 evaluate']);
    expect(play([...admitted, received(finish(true)), done(2)]).last).toEqual([
      'send canaryResult',
      'end finished',
    ]);
    expect(play([...admitted, received(finish(false))]).last).toEqual(['end finished']);
  });
});

describe('a lost connection', () => {
  it('comes back as the same client without proving itself twice', () => {
    const { state } = play([...admitted, lost, opened]);
    expect(play([received(challenge)], state).last).toEqual(['join back']);
    expect(play([received(challenge), received(welcome)], state).last).toEqual(['send canaryResult']);
  });

  it('does not train twice what was trained while away', () => {
    const back = [opened, received(challenge), received(welcome), received({ kind: 'admitted' } as const)];
    const { state, last } = play([...admitted, received(train(0)), lost, done(2), ...back]);
    expect(last).toEqual([]);
    expect(play([received(train(0))], state).last).toEqual(['send canaryResult']);
  });

  it('goes on training over a reconnect', () => {
    const back = [opened, received(challenge), received(welcome), received({ kind: 'admitted' } as const)];
    const { state, last } = play([...admitted, received(train(0)), lost, ...back, received(train(0))]);
    expect(last).toEqual([]);
    expect(play([done(2)], state).last).toEqual(['send canaryResult']);
  });

  it('waits longer each time', () => {
    expect(play([lost]).last).toEqual(['note', 'connect in 0.25']);
    expect(play([lost, lost, lost]).last).toEqual(['note', 'connect in 1']);
  });

  it.each<[string, ClientState]>([
    ['one it never met', initialClientState],
    ['one that has not let it in yet', play([...joining, received(welcome)]).state],
    ['one it knows', play(admitted).state],
  ])(
    'waits 0.25 s, twice as long each time, at most 15 s, and gives up at the 12th failure: %s',
    (_, from) => {
      const waits = Array.from({ length: 11 }, (__, k) => Math.min(15, 0.25 * 2 ** k));
      expect(losses(12, from)).toEqual([
        ...waits.map((seconds) => ['note', `connect in ${seconds}`]),
        [...(from.running ? ['cancel 1'] : []), 'end failed connection_lost'],
      ]);
    },
  );

  it('gives up at the 12th failure also when it gets as far as its seat each time', () => {
    const vain = [lost, opened, received(challenge), received(welcome)];
    const { state } = play([...joining, received(welcome), ...Array.from({ length: 11 }, () => vain).flat()]);
    expect(play([lost], state).last).toEqual(['cancel 1', 'end failed connection_lost']);
    // Admitted, it starts to count anew.
    expect(play([done(1), received({ kind: 'admitted' }), lost], state).last).toEqual([
      'note',
      'connect in 0.25',
    ]);
  });

  const dismissed = received({
    ...{ kind: 'refused', code: 'limit_exceeded', message: 'too slow', facts: {}, fatal: true },
  });
  const full: ClientEvent = { kind: 'closed', reason: 'no room', code: 'limit_exceeded' };

  it.each<[string, ClientState, ClientEvent, string[]]>([
    ['a newcomer that finds no room', initialClientState, full, ['end failed limit_exceeded']],
    [
      'one that comes back and finds no room',
      play([...admitted, lost]).state,
      full,
      ['note', 'connect in 0.5'],
    ],
    [
      'a page that may not connect',
      initialClientState,
      { kind: 'closed', reason: 'x', code: 'unauthorized' },
      ['end failed unauthorized'],
    ],
    [
      'a challenge of another version that cannot be read',
      play([opened]).state,
      { kind: 'closed', reason: 'x', code: 'protocol_version' },
      ['end failed protocol_version'],
    ],
    [
      'a message that is no message',
      play(admitted).state,
      { kind: 'closed', reason: 'x', code: 'malformed_message' },
      ['end failed malformed_message'],
    ],
    [
      'a transfer that was damaged',
      play([opened]).state,
      { kind: 'closed', reason: 'x', code: 'transfer_corrupt' },
      ['note', 'connect in 0.25'],
    ],
  ])('ends at once where trying again would change nothing: %s', (_, from, event, expected) => {
    expect(play([event], from).last).toEqual(expected);
  });

  it.each<[string, readonly ClientEvent[], string]>([
    ['who was sent away', [dismissed, lost], 'end failed limit_exceeded'],
    ['who found no room', [lost, full], 'end failed limit_exceeded'],
    ['who was sent away, and then found nobody', [dismissed, lost, lost], 'end failed connection_lost'],
  ])('gives up with the last thing it was told: %s', (_, last, expected) => {
    const known = play(admitted).state;
    const failures = last.filter(({ kind }) => kind === 'closed').length;
    const { state } = play(
      Array.from({ length: 12 - failures }, () => lost),
      known,
    );
    expect(play([opened, ...last], state).last).toEqual([expected]);
  });

  it('says goodbye when stopped', () => {
    expect(play([...admitted, received(train(0)), { kind: 'stop', reason: 'Ctrl-C' }]).last).toEqual([
      'cancel 2',
      'send leave',
      'end stopped',
    ]);
  });
});
