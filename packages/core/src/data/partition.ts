import { EspalierError } from '../errors.js';
import type { PartitionSpec } from './data-spec.js';
import { sharesOfLogs } from '../random/dirichlet.js';
import { lnGammaSource } from '../random/gamma.js';
import { randomStream, shuffled } from '../random/stream.js';
import { entryNamed } from '../registry/named-entry.js';
import { ascending, positionsByClass } from './by-class.js';
import { byFolder } from './partitions/by-folder.js';
import { quantitySkew } from './partitions/quantity-skew.js';
import { checkEnough, type Partitioner, type Samples } from './partitions/samples.js';
import { shards } from './partitions/shards.js';
import { written } from './partitions/written.js';

/** Over how many clients to split, and the seed that every end shares. */
export interface PartitionOptions {
  readonly numClients: number;
  readonly seed: number;
  /** For `byFolder`: the client folder of every sample, from 0. */
  readonly groups?: ArrayLike<number>;
  /** For `file`: the parts as they were read. */
  readonly written?: Partition;
}

/** Sample positions per client, in partition-index order; ascending, and every sample with exactly one client. */
export type Partition = readonly (readonly number[])[];

/** Every way to split; a new one is a variant of {@link PartitionSpec} and one line here. */
const PARTITIONERS = { iid, dirichlet, shards, quantitySkew, byFolder, file: written } satisfies {
  readonly [Kind in PartitionSpec['kind']]: Partitioner<Extract<PartitionSpec, { kind: Kind }>>;
};

/** Draws of the Dirichlet partition before it gives up. */
const MAX_TRIES = 1000;

/**
 * Splits the samples over the clients. The same labels, spec, number of clients and seed give the same parts on every
 * machine.
 * @throws EspalierError `invalid_data` for a stray label; `invalid_job` when the split cannot be had: more clients or
 * minimum samples than there are samples, or no draw within 1,000 gave every client its minimum.
 */
export function partitionSamples(
  labels: ArrayLike<number>,
  numClasses: number,
  spec: PartitionSpec,
  options: PartitionOptions,
): Partition {
  const partitioner = entryNamed<Partitioner<never>>(PARTITIONERS, spec.kind, 'partition');
  return (partitioner as Partitioner<PartitionSpec>)({ labels, numClasses, ...options }, spec);
}

/** A random deal into parts whose sizes differ by at most one. */
function iid(samples: Samples): Partition {
  const { labels, numClients, seed } = samples;
  checkEnough(samples, 1);
  const everyone = Array.from({ length: labels.length }, (_, i) => i);
  const order = shuffled(everyone, randomStream({ seed, purpose: 'partition iid' }));
  const cut = (client: number): number => Math.floor((client * order.length) / numClients);
  return Array.from({ length: numClients }, (_, client) =>
    ascending(order.slice(cut(client), cut(client + 1))),
  );
}

/**
 * Class by class, shares drawn from Dirichlet(alpha); a client that already has its even share of all samples gets
 * nothing more; drawn again until every client has `minSamples` (the scheme of FedTiny's experiments, after Hsu et
 * al. 2019).
 */
function dirichlet(
  samples: Samples,
  { alpha, minSamples }: Extract<PartitionSpec, { kind: 'dirichlet' }>,
): Partition {
  const { labels, numClasses, numClients, seed } = samples;
  checkEnough(samples, minSamples);
  const classes = positionsByClass(labels, numClasses).map((positions, label) =>
    shuffled(positions, randomStream({ seed, purpose: 'partition shuffle', partition: label })),
  );
  const logs = lnGammaSource(randomStream({ seed, purpose: 'partition dirichlet' }), alpha);
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    const parts = dealClasses(
      classes,
      Array.from({ length: numClients }, (): number[] => []),
      logs,
    );
    if (parts.every((part) => part.length >= minSamples)) return parts.map(ascending);
  }
  throw new EspalierError(
    'invalid_job',
    `after ${String(MAX_TRIES)} draws no dirichlet partition of ${String(labels.length)} samples with alpha ${String(alpha)} gave each of ${String(numClients)} clients ${String(minSamples)} samples; raise partition.alpha, or lower partition.minSamples or numClients`,
    { alpha, minSamples, numClients },
  );
}

function dealClasses(
  classes: readonly (readonly number[])[],
  parts: number[][],
  logs: () => number,
): readonly (readonly number[])[] {
  const evenShare = classes.reduce((sum, positions) => sum + positions.length, 0) / parts.length;
  for (const positions of classes) {
    const drawn = parts.map((part) => ({ log: logs(), full: part.length >= evenShare }));
    if (positions.length === 0) continue;
    const shares = sharesOfLogs(drawn.map(({ log, full }) => (full ? -Infinity : log)));
    const last = shares.findLastIndex((share) => share > 0);
    let [cumulated, from] = [0, 0];
    for (const [client, part] of parts.entries()) {
      cumulated += shares[client]!;
      const to = client < last ? Math.floor(cumulated * positions.length) : positions.length;
      for (; from < to; from++) part.push(positions[from]!);
    }
  }
  return parts;
}
