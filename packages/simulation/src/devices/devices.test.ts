import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noStore } from '@espalier/server/coordinator';
import { tinyJob } from '@espalier/server/testing';
import { Availability } from '../fleet/availability.js';
import { virtualConnection } from '../fleet/virtual-connection.js';
import type { TrainerPool } from '../pool/trainer-pool.js';
import { simulate } from '../simulate.js';
import { lineStore, localPool } from '../testing/tiny.js';
import { Timeline } from '../timeline/timeline.js';
import { idealDevice, type Device } from './device.js';
import { drawDevices, fleetProfileSchema, parseFleetProfile } from './fleet-profile.js';
import { fleetPreset, fleetPresets } from './presets.js';

let pool: TrainerPool;
beforeAll(async () => {
  pool = await localPool(2);
});
afterAll(() => pool.dispose());

const fast: Device = { ...idealDevice, kind: 'fast', macsPerSecond: 1e9, latencySeconds: 0.1 };

describe('a line', () => {
  it('carries frames one after another at its speed, then its latency, and counts every byte', async () => {
    const timeline = new Timeline();
    const speed = { upBytesPerSecond: 100, downBytesPerSecond: 1000, latencySeconds: 0.5 };
    const [device, coordinator] = virtualConnection(timeline, 'part 1', speed).ends;
    const arrivals: number[] = [];
    coordinator.subscribe({ onFrame: () => arrivals.push(timeline.now), onClose: () => undefined });
    const sent = Promise.all([device.send(new Uint8Array(1000)), device.send(new Uint8Array(200))]);
    for (let event = timeline.next(); event !== null; event = timeline.next()) event.happen();
    await sent;

    expect(arrivals).toEqual([10.5, 12.5]);
    expect(device.traffic()).toEqual({ bytesIn: 0, bytesOut: 1200 });
    expect(coordinator.traffic()).toEqual({ bytesIn: 1200, bytesOut: 0 });
  });

  it('that is cut fails what is under way, at both ends', async () => {
    const { ends, cut } = virtualConnection(new Timeline(), 'part 1', idealDevice);
    const [device, coordinator] = ends;
    const closed: string[] = [];
    for (const end of [device, coordinator])
      end.subscribe({ onFrame: () => undefined, onClose: (reason) => closed.push(reason) });
    const sending = expect(device.send(new Uint8Array(1))).rejects.toThrow('[connection_lost]');
    cut('gone');
    await sending;
    expect(closed).toEqual(['gone', 'gone']);
  });
});

describe('availability', () => {
  it('takes turns in spells of the given means', () => {
    const timeline = new Timeline();
    // A stream that always gives 1/e's complement makes every spell exactly as long as its mean.
    const stream = { uint32: () => 0, below: () => 0, uniform: () => 1 - Math.exp(-1) };
    const left: number[] = [];
    new Availability(timeline, { onSeconds: 300, offSeconds: 100 }, stream, () => left.push(timeline.now));
    for (let i = 0; i < 5; i++) timeline.next()?.happen();

    expect(left.map(Math.round)).toEqual([300, 700, 1100]);
  });
});

describe('a fleet in virtual time', () => {
  const run = (devices: readonly Device[], ...overrides: readonly string[]) => {
    const { store, lines } = lineStore();
    return simulate({ job: tinyJob(...overrides), folder: null, pool, devices, store }).then((result) => ({
      ...result,
      lines,
    }));
  };

  it('takes as long as its slowest device computes and its messages travel', async () => {
    const { lines, virtualSeconds } = await run([fast, fast, { ...fast, macsPerSecond: 1e5 }]);
    const slowest = lines[0]!.macs.train / 3e5;
    for (const { seconds } of lines) {
      // Down and up once each, and a slow device's share of the work.
      expect(seconds).toBeGreaterThan(0.2);
      expect(seconds).toBeLessThan(10 * slowest + 10);
    }
    expect(virtualSeconds).toBeGreaterThan(lines.reduce((sum, { seconds }) => sum + seconds, 0));
  });

  it('closes rounds at the deadline without a straggler', async () => {
    const devices = [fast, fast, { ...fast, macsPerSecond: 5e4 }];
    const { lines, summary } = await run(devices, 'roundTimeout=5', 'pool.selection=first', 'quorum=0.5');
    expect(lines.map(({ clients }) => clients.answered)).toEqual([2, 2, 2, 2, 2]);
    const [first, ...others] = lines.map(({ seconds }) => seconds);
    expect(first).toBeCloseTo(5, 6);
    // Before the deadline begins, moments have been measured: the straggler is in time for that.
    for (const seconds of others) expect(seconds).toBeCloseTo(5.2, 2);
    expect(summary.rounds).toBe(5);
  });

  it('is the same for any number of workers, with devices that come, go and drop out', async () => {
    const devices = drawDevices(fleetPreset('mixed'), 3, 7).map((device) => ({ ...device, dropOut: 0.3 }));
    const one = await localPool(1);
    const other = await simulate({ job: tinyJob(), folder: null, pool: one, devices, store: noStore });
    await one.dispose();
    const { summary, virtualSeconds } = await run(devices);

    expect(summary).toEqual(other.summary);
    expect(virtualSeconds).toBe(other.virtualSeconds);
  });

  it.each([
    ['granet', 1, 'for it begins with every weight'],
    ['prunefl', 1, 'for the dense gradients it asks for'],
  ])('refuses %s where a device is too small for it, and names both figures', async (method, _, why) => {
    const small = { ...fast, kind: 'watch', memoryBytes: 1000 };
    await expect(run([fast, fast, small], `method=${method}`)).rejects.toThrow(
      new RegExp(`memory_budget.*method ${method} needs .* MB on every device, ${why}; 1 of 3 .*watch`),
    );
  });
});

describe('profiles', () => {
  it.each(Object.keys(fleetPresets))('%s has sources, and draws within its ranges', (name) => {
    const profile = fleetProfileSchema.parse(fleetPreset(name));
    for (const { source } of profile.kinds) expect(source).toMatch(/\d{4}/);
    const devices = drawDevices(profile, 40, 1);
    for (const { kind, macsPerSecond, upBytesPerSecond } of devices) {
      const found = profile.kinds.find((each) => each.kind === kind)!;
      expect(macsPerSecond / 1e9).toBeGreaterThanOrEqual(found.gigaMacsPerSecond[0] * 0.999);
      expect(macsPerSecond / 1e9).toBeLessThanOrEqual(found.gigaMacsPerSecond[1] * 1.001);
      expect((8 * upBytesPerSecond) / 1e6).toBeLessThanOrEqual(found.upMegabitsPerSecond[1] * 1.001);
    }
    expect(new Set(devices.map(({ kind }) => kind)).size).toBe(profile.kinds.length);
    expect(drawDevices(profile, 10, 1)).toEqual(devices.slice(0, 10));
  });

  it.each([
    ['kinds: []', 'kinds'],
    ['kinds: [{ kind: x }]', 'kinds.0.gigaMacsPerSecond'],
    ['kinds: [', 'the device profile is not YAML'],
  ])('refuses %p', (text, why) => {
    expect(() => parseFleetProfile(text)).toThrow(why);
  });
});
