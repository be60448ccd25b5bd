import type { CellResult } from './cell-result.js';
import type { ScalarEvent } from '../tensorboard/event-file.js';

/** Every round's figures of a finished cell; wall time is the seconds that its rounds took, one after the other. */
export function cellEvents({ curve }: CellResult): readonly ScalarEvent[] {
  if (curve === null) return [];
  let wallTime = 0;
  let up = 0;
  let macs = 0;
  return curve.trainLoss.flatMap((trainLoss, step) => {
    wallTime += curve.seconds[step] ?? 0;
    up += curve.up[step] ?? 0;
    macs += curve.macs[step] ?? 0;
    const scalars: readonly (readonly [string, number | null])[] = [
      ['accuracy', curve.accuracy[step] ?? null],
      ['loss/train', trainLoss],
      ['density', curve.density[step] ?? null],
      ['bytes/up', up],
      ['macs/train', macs],
    ];
    return scalars.flatMap(([tag, value]) => (value === null ? [] : [{ step, wallTime, tag, value }]));
  });
}
