import { afterEach, describe, expect, it } from '@jest/globals';
import type { ClientUpdate, ErrorCode, Job, Measurement, MomentTree } from '@espalier/core';
import { memoryConnectionPair } from '@espalier/proto';
import { parseJob } from '@espalier/server';
import { answerChallenge } from '@espalier/client';
import type { Coordinator } from '@espalier/server/coordinator';
import { hostCoordinator } from './support/in-process.js';
import { Puppet } from './support/puppet.js';
import { TINY_JOB } from './support/tiny-job.js';

const open: Coordinator[] = [];
afterEach(async () => {
  for (const coordinator of open.splice(0)) {
    coordinator.stop('test over');
    await coordinator.ended.catch(() => undefined);
  }
});

async function host(job: Job, token: string | null = null): Promise<() => Puppet> {
  const { coordinator } = await hostCoordinator(job, { token });
  open.push(coordinator);
  return () => {
    const [near, far] = memoryConnectionPair();
    coordinator.accept(near);
    return new Puppet(far);
  };
}

/** No selection, two rounds, adjusting in the second. */
const OVERRIDES = [
  'numClients=2',
  'rounds=2',
  'pool.size=1',
  'pruning.interval=1',
  'pruning.stopRound=2',
  'returnTimeout=0.2',
];
const JOB = parseJob(TINY_JOB, { overrides: [...OVERRIDES, 'quorum=1'] });

describe('who is turned away at the door', () => {
  it.each<[string, object, ErrorCode]>([
    ['another protocol version', { protocolVersion: 99 }, 'protocol_version'],
    ['other classes', { classes: ['cat', 'dog', 'owl'] }, 'classes_differ'],
    ['images of another size', { imageShape: [9, 9, 3] }, 'input_shape'],
    ['images of another depth', { imageShape: [8, 8, 1] }, 'input_shape'],
    ['no samples', { samples: 0 }, 'invalid_data'],
  ])('%s', async (_, overrides, code) => {
    const puppet = (await host(JOB))();
    await puppet.send(await puppet.joinMessage(0, overrides));
    const refused = await puppet.next('refused');
    expect(refused).toMatchObject({ code, fatal: true });
  });

  it('class lists that differ are both named', async () => {
    const puppet = (await host(JOB))();
    await puppet.send(await puppet.joinMessage(0, { classes: ['cat', 'dog', 'owl'] }));
    const { message } = await puppet.next('refused');
    expect(message).toContain('cat, dog, owl');
    expect(message).toContain(puppet.job!.classes.join(', '));
  });

  it.each([
    ['a wrong token', 'wrong', false],
    ['no token', null, false],
    ['the right token', 'right', true],
  ])('%s', async (_, token, welcome) => {
    const puppet = (await host(JOB, 'right'))();
    const challenge = await puppet.next('challenge');
    puppet.received.push(challenge);
    await puppet.send(await puppet.joinMessage(0, { answer: answerChallenge(token, challenge.nonce) }));
    if (welcome) expect(await puppet.next('welcome')).toMatchObject({ partitionIndex: 0 });
    else expect(await puppet.next('refused')).toMatchObject({ code: 'unauthorized', fatal: true });
  });

  it('a backend that computes wrongly', async () => {
    const puppet = (await host(JOB))();
    await puppet.send(await puppet.joinMessage(0));
    const { canary } = await puppet.next('welcome');
    await puppet.send({ kind: 'canaryResult', gradients: new Float32Array(canary.values.length).fill(0.5) });
    expect(await puppet.next('refused')).toMatchObject({ code: 'canary_failed', fatal: true });
  });

  it('a second client for a part that is held', async () => {
    const connect = await host(JOB);
    await connect().admit(0);
    const second = connect();
    await second.send(await second.joinMessage(0));
    expect(await second.next('refused')).toMatchObject({ code: 'part_taken', fatal: true });
  });

  it('one that sends work before it joins', async () => {
    const puppet = (await host(JOB))();
    await puppet.next('challenge');
    await puppet.send({ kind: 'requestMask', round: 0 });
    expect(await puppet.next('refused')).toMatchObject({ code: 'not_expected', fatal: true });
  });
});

describe('updates that are refused', () => {
  it.each<[string, (update: ClientUpdate, layer: string) => ClientUpdate, ErrorCode]>([
    ['too short', (update) => ({ ...update, delta: update.delta.slice(1) }), 'wrong_length'],
    ['under another mask', (update) => ({ ...update, maskHash: '0'.repeat(64) }), 'mask_mismatch'],
    ['of a later round', (update) => ({ ...update, round: 1 }), 'ahead'],
    ['with another sample count', (update) => ({ ...update, samples: update.samples + 1 }), 'invalid_data'],
    ['with NaN', (update) => ({ ...update, delta: update.delta.fill(Number.NaN) }), 'not_finite'],
    [
      'with infinite moments',
      (update) => ({ ...update, moments: spoiltMoments(update.moments, Infinity) }),
      'not_finite',
    ],
    [
      'with a negative variance',
      (update) => ({ ...update, moments: spoiltMoments(update.moments, -1) }),
      'malformed_message',
    ],
    ['without moments', (update) => ({ ...update, moments: null }), 'invalid_data'],
    [
      'with gradients nobody asked for',
      (update, layer) => ({
        ...update,
        topGradients: [{ layer, indices: new Uint32Array(1), values: new Float32Array(1) }],
      }),
      'not_expected',
    ],
    [
      'with an evaluation nobody asked for',
      (update) => ({ ...update, evaluation: { lossSum: 1, correct: 1, samples: 1 } }),
      'invalid_data',
    ],
  ])('%s; the client stays and the round goes on', async (_, spoil, code) => {
    const connect = await host({ ...JOB, momentMode: { kind: 'pooled' } });
    const [bad, good] = [connect(), connect()];
    await Promise.all([bad.admit(0), good.admit(1)]);
    const train = await bad.next('train');
    const update = bad.emptyUpdate(train);
    const spoilt = bad.emptyUpdate(train);
    const layer = bad.mask?.layers[0]?.name ?? '';
    await bad.send({ kind: 'update', update: spoil(spoilt, layer) });
    expect(await bad.next('refused')).toMatchObject({ code, fatal: false });
    await bad.send({ kind: 'update', update });
    await good.send({ kind: 'update', update: good.emptyUpdate(await good.next('train')) });
    expect((await good.next('train')).round).toBe(1);
  });
});

describe('measurements that are refused', () => {
  it.each<[string, (good: Measurement) => Measurement, ErrorCode]>([
    ['of a later round', (good) => ({ ...good, round: 2 }), 'ahead'],
    ['with another sample count', (good) => ({ ...good, samples: good.samples + 1 }), 'invalid_data'],
    ['with NaN', (good) => ({ ...good, moments: spoiltMoments(good.moments, Number.NaN) }), 'not_finite'],
    [
      'with a negative variance',
      (good) => ({ ...good, moments: spoiltMoments(good.moments, -1) }),
      'malformed_message',
    ],
  ])('%s; the client stays and the round goes on', async (_, spoil, code) => {
    const connect = await host(JOB);
    const [bad, good] = [connect(), connect()];
    await Promise.all([bad.admit(0), good.admit(1)]);
    const measure = bad.next('measure');
    for (const puppet of [bad, good]) {
      await puppet.send({ kind: 'update', update: puppet.emptyUpdate(await puppet.next('train')) });
    }
    const { round, model } = await measure;
    expect([round, model.moments]).toEqual([1, null]);
    const measurement = { round, moments: bad.flatMoments(), samples: bad.samples, macs: 1, seconds: 0 };
    await bad.send({ kind: 'measured', measurement: spoil(measurement) });
    expect(await bad.next('refused')).toMatchObject({ code, fatal: false });
    await bad.send({ kind: 'measured', measurement });
    // The values are those that were just measured, and do not come once more.
    expect(await bad.next('train')).toMatchObject({ round: 1, model: { values: null } });
  });
});

describe('a client whose updates are refused again and again', () => {
  it('is told that it is out, is shown as such, and is turned away when it comes back', async () => {
    const connect = await host(
      parseJob(TINY_JOB, { overrides: [...OVERRIDES, 'quorum=0.5', 'refusalLimit=2'] }),
    );
    const [bad, good] = [connect(), connect()];
    await Promise.all([bad.admit(0), good.admit(1)]);
    const update = bad.emptyUpdate(await bad.next('train'));
    const spoilt = { ...update, delta: update.delta.fill(Number.NaN) };
    for (const code of ['not_finite', 'not_finite', 'excluded']) {
      if (code === 'not_finite') await bad.send({ kind: 'update', update: spoilt });
      expect(await bad.next('refused')).toMatchObject({ code, fatal: code === 'excluded' });
    }
    expect(open[0]!.status().clients).toContainEqual(
      expect.objectContaining({ partitionIndex: 0, strikes: 2, excluded: true, presence: 'gone' }),
    );
    const again = connect();
    await again.send(await again.joinMessage(0));
    expect(await again.next('refused')).toMatchObject({ code: 'excluded', fatal: true });
    await good.send({ kind: 'update', update: good.emptyUpdate(await good.next('train')) });
    expect((await good.next('train')).round).toBe(1);
  });
});

describe('answers out of turn', () => {
  it('twice in a round, and after the round has closed', async () => {
    const connect = await host(JOB);
    const [one, other] = [connect(), connect()];
    await Promise.all([one.admit(0), other.admit(1)]);
    const update = one.emptyUpdate(await one.next('train'));
    await one.send({ kind: 'update', update });
    await one.next('accepted');
    await one.send({ kind: 'update', update });
    expect(await one.next('refused')).toMatchObject({ code: 'duplicate', fatal: false });
    await other.send({ kind: 'update', update: other.emptyUpdate(await other.next('train')) });
    expect((await one.next('train')).round).toBe(1);
    await one.send({ kind: 'update', update });
    expect(await one.next('refused')).toMatchObject({ code: 'late', fatal: false });
  });
});

function spoiltMoments(moments: ClientUpdate['moments'], variance: number): MomentTree {
  return new Map(
    [...(moments ?? [])].map(([node, { mean, variance: old }]) => [
      node,
      { mean, variance: old.slice().fill(variance) },
    ]),
  );
}
