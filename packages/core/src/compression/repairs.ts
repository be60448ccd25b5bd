import { entryNamed, type Registry } from '../registry/named-entry.js';

/** Input that a repair may need besides the weights. */
export type RepairNeed = 'images';

/** Way to repair a network after channels or weights were removed. */
export interface Repair {
  /** Outward name. */
  readonly id: string;
  readonly needs: readonly RepairNeed[];
  /** Solves for new kernels, so that kept channels and weights compensate for those removed or rounded. */
  readonly folds: boolean;
  /** Restores means and variances to their former values. */
  readonly recalibrates: boolean;
}

/** Every repair by name. */
export const repairs: Registry<Repair> = {
  /** Plain removal and plain rounding. */
  none: { id: 'none', needs: [], folds: false, recalibrates: false },
  /** Unified data-free compression: moments from weights and batch-norm statistics. */
  udfc: { id: 'udfc', needs: [], folds: true, recalibrates: true },
  /** Least squares on synthetic images, as OBSPA does. */
  obspa: { id: 'obspa', needs: ['images'], folds: true, recalibrates: true },
  /** Batch-norm statistics only, on synthetic images. */
  recalibrate: { id: 'recalibrate', needs: ['images'], folds: false, recalibrates: true },
};

/** @throws EspalierError `invalid_argument` naming the nearest valid id first, then all of them. */
export function repairNamed(id: string): Repair {
  return entryNamed(repairs, id, 'repair');
}
