import { exp, ln, randomStream, type RandomStream } from '@espalier/core';
import { readForm } from '@espalier/server';
import { z } from 'zod';
import type { Device } from './device.js';

const range = (most: number) =>
  z
    .tuple([z.number().gt(0).max(most), z.number().gt(0).max(most)])
    .refine(([low, high]) => low <= high, 'the lower bound first');

/** One kind of device of a fleet; ranges are drawn from evenly on a logarithmic scale. */
export const deviceKindSchema = z.strictObject({
  kind: z.string().min(1).max(40),
  share: z.number().gt(0).max(1e6).default(1).describe('Of the fleet, beside the shares of the other kinds.'),
  gigaMacsPerSecond: range(1e6).describe('Multiply-accumulates in training.'),
  memoryMegabytes: range(1e6).describe('What a trainer may use.'),
  upMegabitsPerSecond: range(1e6),
  downMegabitsPerSecond: range(1e6),
  latencyMilliseconds: range(1e5).describe('One way.'),
  availability: z
    .strictObject({ onSeconds: z.number().gt(0).max(1e9), offSeconds: z.number().gt(0).max(1e9) })
    .nullable()
    .default(null)
    .describe('Mean lengths of the spells in which a device is there and away; null for always there.'),
  dropOut: z.number().min(0).lt(1).default(0).describe('Probability of losing a round on the way.'),
  source: z.string().max(2000).default('').describe('Where the figures are from.'),
});

/** A fleet as its author writes it. */
export const fleetProfileSchema = z.strictObject({ kinds: z.array(deviceKindSchema).min(1) });

/** A checked fleet profile. */
export type FleetProfile = z.output<typeof fleetProfileSchema>;

/** @throws EspalierError `invalid_argument` naming every problem of a profile's YAML. */
export function parseFleetProfile(yamlText: string): FleetProfile {
  return readForm(yamlText, fleetProfileSchema, { what: 'device profile', code: 'invalid_argument' });
}

/** The devices of a fleet, by partition index: the same for the same seed, regardless of the others in it. */
export function drawDevices(profile: FleetProfile, clients: number, seed: number): readonly Device[] {
  return Array.from({ length: clients }, (_, partition) =>
    drawDevice(profile, randomStream({ seed, purpose: 'device', partition })),
  );
}

function drawDevice({ kinds }: FleetProfile, stream: RandomStream): Device {
  const total = kinds.reduce((sum, { share }) => sum + share, 0);
  let left = stream.uniform() * total;
  const drawn = kinds.find(({ share }) => (left -= share) < 0) ?? kinds.at(-1)!;
  const between = ([low, high]: readonly [number, number]): number =>
    exp(ln(low) + stream.uniform() * (ln(high) - ln(low)));
  const megabits = 1e6 / 8;
  return {
    kind: drawn.kind,
    macsPerSecond: 1e9 * between(drawn.gigaMacsPerSecond),
    memoryBytes: Math.round(1e6 * between(drawn.memoryMegabytes)),
    upBytesPerSecond: megabits * between(drawn.upMegabitsPerSecond),
    downBytesPerSecond: megabits * between(drawn.downMegabitsPerSecond),
    latencySeconds: between(drawn.latencyMilliseconds) / 1000,
    availability: drawn.availability,
    dropOut: drawn.dropOut,
  };
}
