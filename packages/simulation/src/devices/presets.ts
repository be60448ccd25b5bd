import { entryNamed, type Registry } from '@espalier/core';
import type { FleetProfile } from './fleet-profile.js';

type Kind = FleetProfile['kinds'][number];

const MOBILE =
  'Network: Speedtest Global Index, September 2020, mobile means of 36.0 Mbit/s down, 11.2 up and 40 ms there and back, from half to twice that.';
const FIXED =
  'Network: Speedtest Global Index, September 2020, fixed means of 85.7 Mbit/s down, 45.7 up and 21 ms there and back, from half to twice that.';

const phone: Kind = {
  kind: 'phone',
  share: 1,
  gigaMacsPerSecond: [1, 8],
  memoryMegabytes: [256, 1024],
  upMegabitsPerSecond: [5.6, 22.4],
  downMegabitsPerSecond: [18, 72],
  latencyMilliseconds: [10, 40],
  availability: { onSeconds: 7200, offSeconds: 14400 },
  dropOut: 0.08,
  source: `${MOBILE} Drop-out: Bonawitz et al., "Towards Federated Learning at Scale" (MLSys 2019), 6 to 10 % of devices a round. Speed, memory and spells are assumptions: one to four cores at a few GMAC/s, a quarter to a whole GB for an app, charging for a third of the day.`,
};

const browser: Kind = {
  kind: 'browser',
  share: 1,
  gigaMacsPerSecond: [4, 16],
  memoryMegabytes: [1024, 4096],
  upMegabitsPerSecond: [22.9, 91.4],
  downMegabitsPerSecond: [42.9, 171.4],
  latencyMilliseconds: [5, 21],
  availability: { onSeconds: 1800, offSeconds: 3600 },
  dropOut: 0.05,
  source: `${FIXED} Memory: WebAssembly's 4 GiB at the most. Speed, spells and drop-out are assumptions: a laptop's tab that is open for half an hour at a time.`,
};

const raspberryPi: Kind = {
  kind: 'raspberry-pi',
  share: 1,
  gigaMacsPerSecond: [2, 4],
  memoryMegabytes: [512, 2048],
  upMegabitsPerSecond: [22.9, 91.4],
  downMegabitsPerSecond: [42.9, 171.4],
  latencyMilliseconds: [5, 21],
  availability: null,
  dropOut: 0.01,
  source: `${FIXED} Speed: High Performance Linpack on a Raspberry Pi 4, about 8 GFLOP/s or 4 GMAC/s (Feiereisen 2022), of which training gets half to all. Memory: half of a board of 1 to 4 GB (Raspberry Pi 4 specifications, 2019). Drop-out is an assumption.`,
};

/** Fleets by name, each figure with its source. A new one is one line here. */
export const fleetPresets: Registry<FleetProfile> = {
  phones: { kinds: [phone] },
  browsers: { kinds: [browser] },
  'raspberry-pi': { kinds: [raspberryPi] },
  mixed: { kinds: [phone, browser, raspberryPi] },
};

/** @throws EspalierError `invalid_argument` naming the nearest valid name first, then all of them. */
export function fleetPreset(name: string): FleetProfile {
  return entryNamed(fleetPresets, name, 'fleet of devices');
}
