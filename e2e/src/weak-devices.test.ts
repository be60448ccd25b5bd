import { afterEach, describe, expect, it } from '@jest/globals';
import { connectSocket } from '@espalier/client';
import { createNodeTrainer } from '@espalier/client-node';
import type { Job } from '@espalier/core';
import { createSocketServer, parseJob } from '@espalier/server';
import { noStore, type RunSummary } from '@espalier/server/coordinator';
import { idealDevice, simulate, TrainerPool } from '@espalier/simulation';
import { hostCoordinator, startClient } from './support/in-process.js';
import { TINY_JOB } from './support/tiny-job.js';

/** Speed that each client reports; the second cannot train the whole mask in time. */
const SPEEDS = [1e9, 4e3, 1e9];
const NESTED = 'heterogeneous={kind: nested, roundSeconds: 20}';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The job over real sockets on loopback. */
async function overSockets(job: Job): Promise<RunSummary> {
  const { coordinator } = await hostCoordinator(job);
  const server = await createSocketServer({
    maxFrameBytes: job.maxFrameBytes,
    onConnection: (connection) => {
      coordinator.accept(connection);
    },
  }).listen();
  closers.push(() => server.close());
  const clients = SPEEDS.map((macsPerSecond, part) =>
    startClient(part, () => connectSocket(server.url), { macsPerSecond }),
  );
  const { summary } = await coordinator.ended;
  await Promise.all(clients.map(({ ended }) => ended));
  return summary;
}

async function simulated(job: Job): Promise<RunSummary> {
  const pool = await TrainerPool.open(2, () => createNodeTrainer());
  closers.push(() => pool.dispose());
  const devices = SPEEDS.map((macsPerSecond) => ({ ...idealDevice, macsPerSecond }));
  // Virtual time: the slow device is waited for.
  const patient = { ...job, roundTimeout: 1e6, joinTimeout: 1e6 };
  return (await simulate({ job: patient, folder: null, pool, store: noStore, devices })).summary;
}

describe('devices that do not carry the mask', () => {
  it.each(['feddst', 'fedrts'])('train a part of it with %s, over sockets as simulated', async (method) => {
    const overrides = [`method=${method}`, 'pruning.peakFraction=0.3', 'pruning.interval=2', NESTED];
    const job = parseJob(TINY_JOB, { overrides });

    const real = await overSockets(job);
    const virtual = await simulated(job);

    expect(real.model.hash).toBe(virtual.model.hash);
    expect(real.mask.version).toBe(2);
    expect(real.refusals).toEqual({});
    expect(real.macs.train).toBe(virtual.macs.train);
  });
});
