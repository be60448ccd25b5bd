import { EspalierError } from '../errors.js';

/** Levels of access to data that a compression may have, each including all before it. */
export const ACCESS_LEVELS = ['none', 'synthetic', 'aggregates', 'training'] as const;

/**
 * `none`: weights and batch-norm statistics alone; `synthetic`: artificial images run through the network;
 * `aggregates`: statistics that clients merge over their data; `training`: images of the real data.
 */
export type DataAccess = (typeof ACCESS_LEVELS)[number];

/** The level that every need of a plug-in takes. */
const NEEDED: Readonly<Record<string, DataAccess>> = {
  rng: 'none',
  scores: 'none',
  images: 'synthetic',
  distortions: 'synthetic',
  moments: 'aggregates',
  losses: 'aggregates',
  gradients: 'training',
};

/** A plug-in with the access it needs. */
export interface NeedyPlugin {
  readonly id: string;
  readonly needs: readonly string[];
}

/** The lowest level at which a plug-in can run; `training` for a need that is not known. */
export function accessNeeded({ needs }: Pick<NeedyPlugin, 'needs'>): DataAccess {
  const ranks = needs.map((need) => ACCESS_LEVELS.indexOf(NEEDED[need] ?? 'training'));
  return ACCESS_LEVELS[Math.max(0, ...ranks)] ?? 'training';
}

/**
 * @throws EspalierError `invalid_argument` naming a plug-in that needs more than is granted, and the level
 * that would suffice.
 */
export function checkAccess(granted: DataAccess, kind: string, plugin: NeedyPlugin): void {
  const needed = accessNeeded(plugin);
  if (ACCESS_LEVELS.indexOf(needed) <= ACCESS_LEVELS.indexOf(granted)) return;
  throw new EspalierError(
    'invalid_argument',
    `${kind} ${plugin.id} needs access "${needed}" (${plugin.needs.join(', ')}), but only "${granted}" is granted; ` +
      `grant it with --access ${needed}, or choose another ${kind}`,
    { kind, id: plugin.id, needed, granted },
  );
}
