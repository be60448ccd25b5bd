import type { ClientId } from './ids.js';

/** One client, connected or not. A seat outlives its connection. */
export interface Seat {
  readonly clientId: ClientId;
  readonly partitionIndex: number;
  readonly name: string;
  readonly samples: number;
  /** Share of the mask's active weights that its device carries, in (0, 1]. */
  readonly share: number;
  readonly returnToken: string;
  /** `away`: connection lost, still waited for. `gone`: not waited for. Both may come back. */
  readonly presence: 'present' | 'away' | 'gone';
  /** Its backend computed the canary correctly on the present connection. */
  readonly admitted: boolean;
  /** Admitted at some time and not `gone` since: cohorts count on it, whether it is connected at the moment or not. */
  readonly expected: boolean;
  /** Connections lost so far; a return timer names the loss it belongs to. */
  readonly losses: number;
  /** Rounds in a row that it left unanswered. */
  readonly absences: number;
  /** The round from which it is asked again. */
  readonly restUntil: number;
  /** Answers in a row whose contents were refused. */
  readonly strikes: number;
  /** It takes no further part. */
  readonly excluded: boolean;
}

/** The seat of a client that is not waited for any longer. */
export function gone(seat: Seat): Seat {
  return { ...seat, presence: 'gone', admitted: false, expected: false };
}

/** True for a seat whose client can be asked now. */
export function canWork({ presence, admitted }: Seat): boolean {
  return presence === 'present' && admitted;
}
