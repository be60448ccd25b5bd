import { describe, expect, it } from '@jest/globals';
import type { RunningClient } from '@espalier/client';
import type { Job } from '@espalier/core';
import type { FrameConnection } from '@espalier/core/protocol';
import { memoryConnectionPair } from '@espalier/proto';
import { parseJob } from '@espalier/server';
import type { Coordinator } from '@espalier/server/coordinator';
import { hostCoordinator, startClient } from './support/in-process.js';
import { Puppet } from './support/puppet.js';
import { TINY_JOB } from './support/tiny-job.js';

/** Two of three suffice; a lost client is waited for a moment only. */
const JOB = parseJob(TINY_JOB, {
  overrides: ['quorum=0.5', 'returnTimeout=0.1', 'rounds=3', 'pruning.stopRound=3'],
});

function connectTo(coordinator: Coordinator): () => Promise<FrameConnection> {
  return () => {
    const [near, far] = memoryConnectionPair();
    coordinator.accept(near);
    return Promise.resolve(far);
  };
}

async function runWith(job: Job, misbehave: (puppet: Puppet) => Promise<void>): Promise<Coordinator> {
  const { coordinator } = await hostCoordinator(job);
  const connect = connectTo(coordinator);
  const clients = [0, 1].map((part) => startClient(part, connect));
  await misbehave(new Puppet(await connect()));
  await coordinator.ended;
  await Promise.all(clients.map(({ ended }) => ended));
  return coordinator;
}

describe('a client that vanishes', () => {
  it.each<[string, (puppet: Puppet) => Promise<void>]>([
    [
      'when the pool has come',
      async (puppet) => {
        await puppet.admit(2);
        await puppet.next('pool');
      },
    ],
    [
      'between its moments and its losses',
      async (puppet) => {
        await puppet.admit(2);
        const { pool } = await puppet.next('pool');
        await puppet.send({
          kind: 'candidateMoments',
          candidates: pool.counts.map(() => puppet.flatMoments()),
          samples: 2,
        });
        await puppet.next('poolMoments');
      },
    ],
    [
      'in the middle of training',
      async (puppet) => {
        await puppet.admit(2);
        await puppet.next('pool');
        await puppet.send({ kind: 'failed', round: 0, code: 'internal', message: 'cannot select' });
        await puppet.next('train');
      },
    ],
    [
      'right after its update',
      async (puppet) => {
        await puppet.admit(2);
        await puppet.next('pool');
        await puppet.send({ kind: 'failed', round: 0, code: 'internal', message: 'cannot select' });
        await puppet.send({ kind: 'update', update: puppet.emptyUpdate(await puppet.next('train')) });
        await puppet.next('accepted');
      },
    ],
  ])('%s does not stop the others', async (_, until) => {
    const coordinator = await runWith(JOB, async (puppet) => {
      await until(puppet);
      puppet.vanish();
    });
    const { summary } = await coordinator.ended;
    expect(summary).toMatchObject({ rounds: JOB.rounds, stopped: false });
  });

  it('is welcome back in the same seat and gets its work again', async () => {
    const { coordinator } = await hostCoordinator(JOB);
    const connect = connectTo(coordinator);
    const clients: RunningClient[] = [0, 1].map((part) => startClient(part, connect));
    const puppet = new Puppet(await connect());
    const { clientId, returnToken } = await puppet.admit(2);
    await puppet.next('pool');
    puppet.vanish();
    const back = new Puppet(await connect());
    await back.send(await back.joinMessage(2, { returnToken }));
    expect(await back.next('welcome')).toMatchObject({ clientId, partitionIndex: 2 });
    back.vanish();
    await coordinator.ended;
    await Promise.all(clients.map(({ ended }) => ended));
  });
});

describe('a client over a connection that breaks', () => {
  it('comes back by itself and ends with the same model as one that never lost it', async () => {
    const job = parseJob(TINY_JOB);
    const models = await Promise.all([false, true].map((breaks) => modelHash(job, breaks)));
    expect(models[1]).toBe(models[0]);
  });
});

async function modelHash(job: Job, breaks: boolean): Promise<string> {
  const { coordinator } = await hostCoordinator(job);
  const connect = connectTo(coordinator);
  let cut: FrameConnection | null = null;
  const clients = [0, 1, 2].map((part) => {
    let connections = 0;
    const counted = async (): Promise<FrameConnection> => {
      const connection = await connect();
      connections++;
      if (part === 1 && connections === 1) cut = connection;
      return connection;
    };
    return part === 1
      ? breakable(counted, () => {
          if (breaks) cut?.close('cable cut');
        })
      : startClient(part, counted);
  });
  const { summary } = await coordinator.ended;
  await Promise.all(clients.map(({ ended }) => ended));
  return summary.model.hash;
}

/** Loses its first connection while it trains in the second round. */
function breakable(connect: () => Promise<FrameConnection>, cut: () => void): RunningClient {
  return startClient(1, connect, {
    onEvent: (event) => {
      if (event.kind === 'task' && event.task === 'train' && event.round === 1) cut();
    },
  });
}
