import type { CoordinatorEvent, CoordinatorState, Request } from '@espalier/core';

/** The reducer, as the desk sees it. */
export interface DeskReducer {
  state(): CoordinatorState;
  dispatch(event: CoordinatorEvent): void;
  /** Something that the run cannot go on without has failed. */
  fail(error: unknown): void;
  /** What that client was asked and has not answered. */
  pendingRequests(clientId: string): readonly Request[];
}

/** Of the mask's active weights: what that client trains; all of them before it has a seat. */
export function shareOf({ seats }: CoordinatorState, clientId: string | null): number {
  return seats.get(clientId ?? '')?.share ?? 1;
}
