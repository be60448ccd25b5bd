import { holdOut, partitionSamples, proceduralDataset, subset, type Dataset } from '@espalier/core';
import type { Invitation } from '@espalier/core/report';

/**
 * One client's share of the job's own procedural images: the same that a Node client of that part would take.
 * @param part from 0
 * @returns null where the job's data are not procedural
 */
export function proceduralShare(job: Invitation, part: number): Dataset | null {
  const { data, imageShape, seed, classes, numClients, partition, serverSamplesPerClass } = job;
  if (data.kind !== 'procedural') return null;
  const { numClasses, samplesPerClass } = data;
  const whole = proceduralDataset({ numClasses, imageShape, samplesPerClass, seed, split: 'train' });
  const labels = [...whole.labels];
  const { clients } = holdOut(labels, classes.length, serverSamplesPerClass, seed);
  const given = clients.map((position) => labels[position] ?? 0);
  const own = partitionSamples(given, classes.length, partition, { numClients, seed })[part] ?? [];
  return subset(
    whole,
    own.map((at) => clients[at] ?? 0),
  );
}
