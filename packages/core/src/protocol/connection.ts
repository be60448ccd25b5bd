/** Bytes that really crossed, framing included. */
export interface Traffic {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Callbacks by which a connection informs its owner. */
export interface ConnectionHandlers {
  readonly onFrame: (frame: Uint8Array) => void;
  /** Called once, whichever end closed it. */
  readonly onClose: (reason: string) => void;
}

/**
 * Moves frames between two ends, in order, without knowing their meaning. Implemented over socket.io and in
 * memory; handed in by the caller, never global.
 */
export interface FrameConnection {
  /** For logs: the peer's address. */
  readonly peer: string;
  /** Resolves when the other end has taken the frame; rejects with `connection_lost`. */
  send(frame: Uint8Array): Promise<void>;
  /** Must be called exactly once, before frames arrive; earlier frames are held back. */
  subscribe(handlers: ConnectionHandlers): void;
  close(reason: string): void;
  traffic(): Traffic;
}
