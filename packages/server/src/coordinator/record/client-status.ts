import type { CoordinatorState, Seat } from '@espalier/core';
import type { CoordinatorStatus } from '../options.js';

/** A client as people and probes are shown it. */
export function clientStatus(
  seat: Seat,
  { round, step }: CoordinatorState,
): CoordinatorStatus['clients'][number] {
  const { clientId, name, partitionIndex, samples, presence, admitted, strikes, excluded } = seat;
  const answered = step.answers.has(clientId);
  const resting = round < seat.restUntil;
  return {
    clientId,
    name,
    partitionIndex,
    samples,
    presence,
    admitted,
    answered,
    resting,
    strikes,
    excluded,
  };
}
