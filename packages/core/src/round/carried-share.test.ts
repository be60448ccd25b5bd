import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import type { Job } from '../job/job.js';
import { carriedShare, leastTrainingBytes } from './carried-share.js';

const graph = buildModel({ name: 'resnet18', width: 16 }, [32, 32, 3], 10);
const heterogeneous = { shares: [1, 0.5, 0.25], roundSeconds: 10 };
// Fields of a job that the function reads.
const job: Pick<Job, keyof Job> = {
  ...({} as Job),
  method: 'fedavg',
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
  pruning: {
    interval: 0,
    stopRound: 0,
    granularity: 'block',
    peakFraction: 0.3,
    gradientWeighting: 'samples',
  },
  pool: {
    size: 1,
    allocation: 'uniform',
    selection: 'first',
    momentMode: { kind: 'pooled' },
    developmentFraction: 0.1,
  },
  targetDensity: 1,
  localEpochs: 2,
  roundTimeout: 600,
  heterogeneous,
};
const shareOf = (memoryBytes: number, macsPerSecond: number, samples = 100): number =>
  carriedShare(graph, job, { profile: { memoryBytes, macsPerSecond }, samples });

describe('the share that a device carries', () => {
  it('is the whole where the job says so, and where nothing is known of the device', () => {
    expect(shareOf(0, 0)).toBe(1);
    const off = { ...job, heterogeneous: null };
    expect(carriedShare(graph, off, { profile: { memoryBytes: 1, macsPerSecond: 1 }, samples: 9 })).toBe(1);
  });

  it('goes down with memory: the largest whose training step fits', () => {
    const needed = heterogeneous.shares.map((share) => leastTrainingBytes(graph, job, share));
    expect(needed).toEqual([...needed].sort((a, b) => b - a));
    expect(needed.map((bytes) => shareOf(bytes, 0))).toEqual([1, 0.5, 0.25]);
    expect(shareOf(needed[0]! - 1, 0)).toBe(0.5);
    expect(shareOf(1, 0)).toBe(0.25);
  });

  it('goes down with speed, and with samples', () => {
    const shares = [1e12, 1.5e10, 8e9, 1].map((speed) => shareOf(0, speed, 1000));
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(new Set(shares)).toEqual(new Set([1, 0.5, 0.25]));
    expect(shareOf(0, 3e9, 1)).toBe(1);
  });
});
