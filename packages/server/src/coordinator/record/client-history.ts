import type { ClientId, ConnectionId } from '@espalier/core/protocol';
import type { EspalierError } from '@espalier/core';
import type { DeviceProfile } from '@espalier/core/report';

/** Refusals remembered of one client: the newest say what is wrong now. */
const KEPT_REFUSALS = 5;

/** Observations of one client, for display; no decision depends on them. */
export interface ClientEntry {
  readonly profile: DeviceProfile | null;
  /** By the coordinator's clock; null before its first message. */
  readonly lastSeen: number | null;
  readonly contributions: number;
  readonly refusals: readonly { readonly code: string; readonly message: string }[];
}

const NOTHING_YET: ClientEntry = { profile: null, lastSeen: null, contributions: 0, refusals: [] };

/** Devices, last messages, accepted answers and refusals by client. Begins anew with every coordinator. */
export class ClientHistory {
  readonly #clock: () => number;
  readonly #entries = new Map<ClientId, ClientEntry>();
  /** Profiles of those who have asked for a seat, by connection. */
  readonly #asking = new Map<ConnectionId, DeviceProfile>();

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  of(clientId: ClientId): ClientEntry {
    return this.#entries.get(clientId) ?? NOTHING_YET;
  }

  /** A connection has asked for a seat and said what it is. */
  asked(connection: ConnectionId, profile: DeviceProfile): void {
    this.#asking.set(connection, profile);
  }

  /** That connection is now a client's. */
  seated(connection: ConnectionId, clientId: ClientId): void {
    const profile = this.#asking.get(connection) ?? this.of(clientId).profile;
    this.#change(clientId, { profile, lastSeen: this.#clock() });
  }

  /** The connection has ended. */
  closed(connection: ConnectionId): void {
    this.#asking.delete(connection);
  }

  seen(clientId: ClientId): void {
    this.#change(clientId, { lastSeen: this.#clock() });
  }

  accepted(clientId: ClientId): void {
    this.#change(clientId, { contributions: this.of(clientId).contributions + 1 });
  }

  refused(clientId: ClientId, { code, rawMessage }: EspalierError): void {
    const refusals = [...this.of(clientId).refusals, { code, message: rawMessage }].slice(-KEPT_REFUSALS);
    this.#change(clientId, { refusals });
  }

  #change(clientId: ClientId, change: Partial<ClientEntry>): void {
    this.#entries.set(clientId, { ...this.of(clientId), ...change });
  }
}
