import type { Window } from '../window.js';
import type { AxisPhase } from './phase.js';

/** Puts one phase `[n, countY, countX, c]` into its places of the whole input gradient `[n, h, w, c]`. */
export function scatterPhase(
  phase: Float32Array,
  target: Float32Array,
  { batch, height, width, channels, strideY, strideX }: Window,
  [down, across]: readonly [AxisPhase, AxisPhase],
): void {
  let from = 0;
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < down.count; i++) {
      const row = (n * height + down.start + i * strideY) * width;
      for (let j = 0; j < across.count; j++) {
        const to = (row + across.start + j * strideX) * channels;
        for (let c = 0; c < channels; c++) target[to + c] = phase[from++]!;
      }
    }
  }
}
