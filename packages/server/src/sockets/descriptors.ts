import { z } from 'zod';

/**
 * Descriptors that connections leave to everything else: the database and its log, the state's blobs, the run folder,
 * the trainer's threads and Node's own. A coordinator that works takes 30 to 60 of them, and at most 32 for blobs.
 */
export const RESERVED_DESCRIPTORS = 128;

/** Connections that are taken however low the limit is. */
const FEWEST = 16;

const REPORT = z.object({ userLimits: z.object({ open_files: z.object({ soft: z.unknown() }) }) });

/** Descriptors that this process may have open; Infinity where the system does not say, as on Windows. */
export function descriptorLimit(): number {
  limit ??= readLimit();
  return limit;
}

let limit: number | null = null;

function readLimit(): number {
  const read = REPORT.safeParse(process.report.getReport());
  const soft = Number(read.data?.userLimits.open_files.soft);
  return Number.isSafeInteger(soft) ? soft : Infinity;
}

/** The most connections that a process may have, given how many it was told to take. */
export function mostConnections(wanted: number, descriptors = descriptorLimit()): number {
  return Math.min(wanted, Math.max(FEWEST, descriptors - RESERVED_DESCRIPTORS));
}
