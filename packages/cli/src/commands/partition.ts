import { partitionOfJob } from '@espalier/client-node';
import { partitionFileText } from '@espalier/core';
import { writeWhole } from '@espalier/disk';
import { jobOf, type JobFlags } from '../run-options.js';
import { describePartition, partitionText } from '../data/describe-partition.js';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Flags of `espalier partition`. */
export interface PartitionFlags extends JobFlags {
  readonly data?: string;
  readonly out: string;
  readonly format: OutputFormat;
}

/** Writes a job's partition to a file that another job may name, and shows it. */
export async function partition(flags: PartitionFlags, terminal: Terminal): Promise<void> {
  const file = await partitionOfJob(await jobOf(flags), flags.data ?? null);
  await writeWhole(flags.out, partitionFileText(file));
  const description = describePartition(file);
  terminal.out(flags.format === 'json' ? JSON.stringify(description) : partitionText(description));
  terminal.note(
    `written to ${flags.out}; a job beside the data uses it with partition: { kind: file, path: ${flags.out} }`,
  );
}
