import { EspalierError } from '../../errors.js';

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

/** Inputs of a way to split samples. */
export interface Samples extends PartitionOptions {
  readonly labels: ArrayLike<number>;
  readonly numClasses: number;
}

/** One way to split. */
export type Partitioner<Spec> = (samples: Samples, spec: Spec) => Partition;

/** @throws EspalierError `invalid_job` for senseless numbers, or more samples asked for than there are. */
export function checkEnough({ labels, numClients }: Samples, minSamples: number): void {
  if (!Number.isSafeInteger(numClients) || numClients < 1) {
    throw new EspalierError(
      'invalid_job',
      `numClients ${String(numClients)} is not a whole number of at least 1`,
    );
  }
  if (!Number.isSafeInteger(minSamples) || minSamples < 1) {
    throw new EspalierError(
      'invalid_job',
      `minSamples ${String(minSamples)} is not a whole number of at least 1`,
    );
  }
  if (numClients * minSamples > labels.length) {
    throw new EspalierError(
      'invalid_job',
      `${String(labels.length)} samples cannot give each of ${String(numClients)} clients ${String(minSamples)}; lower numClients or partition.minSamples, or add samples`,
      { samples: labels.length, numClients, minSamples },
    );
  }
}
