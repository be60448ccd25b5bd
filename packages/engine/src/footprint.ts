import type { Footprint } from '@espalier/core';
import type { Store } from './plan/store.js';

/** Multiply-accumulates of one sample's layers, as executed: active weights, or all of a layer's where it is dense. */
export function executedMacs({ layers }: Store): Omit<Footprint, 'peakBytes'> {
  let forward = 0;
  let backward = 0;
  for (const { step, kernel, dense } of layers.values()) {
    const macs = (dense ? kernel.size : kernel.count) * step.y.height * step.y.width;
    forward += macs;
    backward += step.x.trainable ? 2 * macs : macs;
  }
  return { forwardMacsPerSample: forward, trainMacsPerSample: forward + backward };
}
