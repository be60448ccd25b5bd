import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noStore, type RoundMetrics } from '@espalier/server/coordinator';
import { tinyJob } from '@espalier/server/testing';
import { idealDevice, type Device } from './devices/device.js';
import type { TrainerPool } from './pool/trainer-pool.js';
import { simulate, type SimulatedRun } from './simulate.js';
import { lineStore, localPool } from './testing/tiny.js';

let one: TrainerPool;
let two: TrainerPool;
beforeAll(async () => {
  [one, two] = [await localPool(1), await localPool(2)];
});
afterAll(async () => {
  await one.dispose();
  await two.dispose();
});

/** Returns the part of a run that must not depend on the machine. */
function outcome({ summary }: SimulatedRun): unknown {
  return { ...summary, seconds: null };
}

const fast: Device = { ...idealDevice, kind: 'fast', macsPerSecond: 1e9, memoryBytes: 1e9 };
const slow: Device = { ...fast, kind: 'slow', macsPerSecond: 4e3 };

async function run(
  overrides: readonly string[],
  devices: readonly Device[] | null = null,
): Promise<SimulatedRun & { readonly lines: readonly RoundMetrics[] }> {
  const { store, lines } = lineStore();
  const job = tinyJob('pruning.peakFraction=0.3', 'pruning.interval=2', ...overrides);
  return { ...(await simulate({ job, folder: null, pool: two, store, devices })), lines };
}

describe.each(['feddst', 'fedmef', 'fedrts'])('%s', (method) => {
  it('changes its mask at the density it has, the same with 1 and 2 workers', async () => {
    const overrides = [`method=${method}`, 'pruning.peakFraction=0.3', 'pruning.interval=2'];
    const { lines, ...result } = await run([`method=${method}`]);
    const other = await simulate({ job: tinyJob(...overrides), folder: null, pool: one, store: noStore });

    expect(outcome(other)).toEqual(outcome(result));
    expect(result.summary.mask.version).toBe(2);
    expect(result.summary.refusals).toEqual({});
    const densities = lines.map(({ density }) => JSON.stringify(density));
    expect(new Set(densities).size).toBe(1);
    for (const { adjustment } of lines) {
      if (adjustment) expect(Math.max(...Object.values(adjustment.exchanged))).toBeGreaterThan(0);
    }
  });
});

describe('what clients hand in', () => {
  it('of feddst is a mask of their own in rounds that adjust, and nothing more in others', async () => {
    const { lines } = await run(['method=feddst']);
    const uploads = lines.map(({ bytes }) => bytes.up);
    const adjusting = lines.map(({ adjustment }) => adjustment !== null);

    expect(adjusting).toEqual([false, false, true, false, true]);
    const plain = Math.max(...uploads.filter((_, round) => !adjusting[round]));
    for (const [round, bytes] of uploads.entries())
      if (adjusting[round]) expect(bytes).toBeGreaterThan(plain);
    // An index of a few bits for every weight that goes or comes, not a second set of values.
    expect(Math.max(...uploads)).toBeLessThan(1.2 * plain);
  });

  it('of feddst with two epochs works in halves of epochs, with as many steps', async () => {
    const once = await run(['method=feddst', 'localEpochs=1', 'pruning.interval=0']);
    const twice = await run(['method=feddst', 'localEpochs=2', 'pruning.interval=0']);
    const halves = await run(['method=feddst', 'localEpochs=2']);

    expect(twice.lines[2]!.macs.train).toBe(2 * once.lines[2]!.macs.train);
    // As many steps, and besides them the gradients of inactive weights over one batch.
    const more = halves.lines[2]!.macs.train / twice.lines[2]!.macs.train;
    expect(more).toBeGreaterThan(1);
    expect(more).toBeLessThan(1.2);
  });
});

describe('heterogeneous fleets', () => {
  const nested = [
    'heterogeneous.kind=nested',
    'heterogeneous.roundSeconds=20',
    'roundTimeout=100000',
    'joinTimeout=100000',
  ];

  it.each(['fedtiny', 'fedrts', 'fedavg'])(
    'train nested parts of the mask with %s, the same with 1 and 2 workers',
    async (method) => {
      const dense = method === 'fedavg' ? ['targetDensity=1'] : [];
      const devices = [fast, slow, fast];
      const overrides = [`method=${method}`, ...nested, ...dense];
      const { lines, ...result } = await run(overrides, devices);
      const job = tinyJob('pruning.peakFraction=0.3', 'pruning.interval=2', ...overrides);
      const other = await simulate({ job, folder: null, pool: one, store: noStore, devices });

      expect(other.summary.model.hash).toBe(result.summary.model.hash);
      expect(result.summary.refusals).toEqual({});
      for (const { bytes, clients } of lines) {
        expect(clients.answered).toBe(3);
        const { 0: whole, 1: part } = bytes.upPerClient;
        expect(part!).toBeLessThan(0.9 * whole!);
      }
    },
  );

  it('are plain averaging where every device carries the whole mask', async () => {
    const devices = [fast, fast, fast];
    const off = await run(['method=feddst', 'roundTimeout=100000', 'joinTimeout=100000'], devices);
    const on = await run(['method=feddst', ...nested], devices);

    expect(on.summary.model).toEqual(off.summary.model);
    expect(on.summary.bytes).toEqual(off.summary.bytes);
  });

  it('let whole models alone be evaluated where there is no test set', async () => {
    const overrides = ['data.testSamplesPerClass=0', 'evaluationFraction=0.25', 'pool.selection=first'];
    const { summary, lines } = await run([...nested, ...overrides], [slow, fast, slow]);

    expect(summary.refusals).toEqual({});
    expect(lines.filter(({ accuracy }) => accuracy !== null)).toHaveLength(5);
  });
});
