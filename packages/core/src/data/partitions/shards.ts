import { EspalierError } from '../../errors.js';
import type { PartitionSpec } from '../data-spec.js';
import { randomStream, shuffled, type RandomStream } from '../../random/stream.js';
import { ascending, positionsByClass } from '../by-class.js';
import { type Partition, checkEnough, type Samples } from './samples.js';

/**
 * Every client gets samples of exactly `classesPerClient` classes (the pathological split of McMahan et al.
 * 2017, with shards that never straddle two classes). Classes have numbers of clients as equal as possible,
 * and each is divided evenly among its clients.
 */
export function shards(
  samples: Samples,
  { classesPerClient, minSamples }: Extract<PartitionSpec, { kind: 'shards' }>,
): Partition {
  const { labels, numClasses, numClients, seed } = samples;
  checkEnough(samples, minSamples);
  const positions = positionsByClass(labels, numClasses);
  const present = [...positions.keys()].filter((label) => positions[label]!.length > 0);
  checkSlots(present.length, numClients, classesPerClient);
  const holders = dealHolders(present, samples, classesPerClient);
  const parts = Array.from({ length: numClients }, (): number[] => []);
  for (const label of present) {
    const order = shuffled(
      positions[label]!,
      randomStream({ seed, purpose: 'partition shuffle', partition: label }),
    );
    const own = holders.get(label) ?? [];
    for (const [i, client] of own.entries()) {
      const cut = (at: number): number => Math.floor((at * order.length) / own.length);
      parts[client]!.push(...order.slice(cut(i), cut(i + 1)));
    }
  }
  checkSmallest(parts, minSamples);
  return parts.map(ascending);
}

/** Clients by class: each takes its classes from those that fewest have taken, ties drawn at random. */
function dealHolders(
  present: readonly number[],
  { numClients, seed }: Samples,
  classesPerClient: number,
): ReadonlyMap<number, readonly number[]> {
  const stream: RandomStream = randomStream({ seed, purpose: 'partition shards' });
  const holders = new Map(present.map((label) => [label, [] as number[]]));
  const taken = (label: number): number => holders.get(label)?.length ?? 0;
  for (let client = 0; client < numClients; client++) {
    const scarcest = [...shuffled(present, stream)].sort((a, b) => taken(a) - taken(b));
    for (const label of scarcest.slice(0, classesPerClient)) holders.get(label)?.push(client);
  }
  return holders;
}

function checkSlots(classes: number, numClients: number, classesPerClient: number): void {
  if (!Number.isSafeInteger(classesPerClient) || classesPerClient < 1 || classesPerClient > classes) {
    throw new EspalierError(
      'invalid_job',
      `partition.classesPerClient is ${String(classesPerClient)}; expected a whole number from 1 to the ${String(classes)} classes that have samples`,
      { classesPerClient, classes },
    );
  }
  if (numClients * classesPerClient < classes) {
    throw new EspalierError(
      'invalid_job',
      `${String(numClients)} clients with ${String(classesPerClient)} classes each cannot hold all ${String(classes)} classes; raise numClients or partition.classesPerClient`,
      { numClients, classesPerClient, classes },
    );
  }
}

function checkSmallest(parts: Partition, minSamples: number): void {
  const client = parts.findIndex((part) => part.length < minSamples);
  if (client < 0) return;
  throw new EspalierError(
    'invalid_job',
    `shards give client ${String(client + 1)} only ${String(parts[client]!.length)} samples, partition.minSamples is ${String(minSamples)}; lower it, lower numClients, or add samples`,
    { client, minSamples },
  );
}
