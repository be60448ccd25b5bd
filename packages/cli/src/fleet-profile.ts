import { readText } from '@espalier/server';
import { fleetPreset, parseFleetProfile, type FleetProfile } from '@espalier/simulation';

/**
 * The fleet that `--devices` means: a preset by name, or a file by its path; null where it is left out.
 * @throws EspalierError `invalid_argument`, `storage`.
 */
export async function fleetProfile(named: string | undefined): Promise<FleetProfile | null> {
  if (named === undefined) return null;
  if (!/[./\\]/.test(named)) return fleetPreset(named);
  return parseFleetProfile(await readText(named, 'the device profile'));
}
