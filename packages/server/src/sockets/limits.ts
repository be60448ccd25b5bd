/** Origins that may connect to a coordinator, and limits of one address and of one connection. */
export interface ConnectionLimits {
  /** Origins of pages, besides the coordinator's own, whose scripts may connect; `*` for all. */
  readonly origins: readonly string[];
  /** Addresses at which others reach this coordinator, e.g. `https://train.example`: their names are its own. */
  readonly publicUrls: readonly string[];
  /** Open connections altogether, whatever they are; never more than the system's limit of descriptors leaves. */
  readonly connections: number;
  /** Open connections from one address. */
  readonly connectionsPerAddress: number;
  /** Frames a second that one connection may send on the average of a second; what is above waits. */
  readonly framesPerSecond: number;
  /** Bytes of one connection that wait to be looked at; a well-behaved client has one frame under way. */
  readonly bytesInFlight: number;
  /** Seconds from connecting to having a seat. */
  readonly handshakeSeconds: number;
}

/** Room for a class of students behind one address, and for devices that read their images before they join. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  origins: [],
  publicUrls: [],
  connections: Infinity,
  connectionsPerAddress: 256,
  framesPerSecond: 1000,
  bytesInFlight: 4 * 1024 * 1024,
  handshakeSeconds: 300,
};
