import { readFile } from 'node:fs/promises';
import { EspalierError } from '@espalier/core';
import { fleetPreset, parseFleetProfile, type FleetProfile } from '@espalier/simulation';

/**
 * The fleet that `--devices` means: a preset by name, or a file by its path; null where it is left out.
 * @throws EspalierError `invalid_argument`, `storage`.
 */
export async function fleetProfile(named: string | undefined): Promise<FleetProfile | null> {
  if (named === undefined) return null;
  if (!/[./\\]/.test(named)) return fleetPreset(named);
  try {
    return parseFleetProfile(await readFile(named, 'utf8'));
  } catch (error) {
    if (error instanceof EspalierError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EspalierError('storage', `cannot read the device profile ${named}: ${reason}`, { path: named });
  }
}
