import type { ClientId, CoordinatorEvent, CoordinatorState, Request } from '@espalier/core/protocol';

/** The reducer, as connections see it. */
export interface ReducerAccess {
  state(): CoordinatorState;
  dispatch(event: CoordinatorEvent): void;
  /** Something that the run cannot go on without has failed. */
  fail(error: unknown): void;
  /** Returns the requests that the client was sent and has not answered. */
  pendingRequests(clientId: ClientId): readonly Request[];
}

/** Share of the mask's active weights that a client trains; 1 before it has a seat. */
export function shareOf({ seats }: CoordinatorState, clientId: ClientId | null): number {
  return seats.get(clientId ?? '')?.share ?? 1;
}
