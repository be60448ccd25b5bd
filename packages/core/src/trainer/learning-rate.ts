import { cos } from '../random/elementary.js';
import { unreachable } from '../errors.js';

/** Training on the coordinator's own held-out set before round 0. */
export interface PretrainSpec {
  readonly epochs: number;
  readonly learningRate: number;
  /** Training images per class held out from all clients. */
  readonly samplesPerClass: number;
}

/** Learning rate over rounds. */
export type LearningRateSpec =
  | { readonly kind: 'constant'; readonly initial: number }
  | { readonly kind: 'cosine'; readonly initial: number; readonly final: number };

/** Learning rate of a round, 0 ≤ round < rounds. Cosine: half a period from `initial` to `final`. */
export function learningRateAt(spec: LearningRateSpec, round: number, rounds: number): number {
  switch (spec.kind) {
    case 'constant':
      return spec.initial;
    case 'cosine':
      return (
        spec.final +
        0.5 * (spec.initial - spec.final) * (1 + cos((Math.PI * round) / Math.max(1, rounds - 1)))
      );
    default:
      return unreachable(spec);
  }
}
