import type { FrameConnection, Traffic } from '@espalier/core/protocol';
import type { ByteFigures } from '@espalier/core/report';

/** Traffic since the last reading; of the clients, by partition index, only who sent something. */
export interface TrafficReading extends ByteFigures {
  readonly upPerClient: Readonly<Record<string, number>>;
}

/**
 * Counts what really crossed every connection, per client and since the last reading. Connections that have ended keep
 * counting, so that nothing of a client that came back is lost; bytes of strangers that never joined count in the sums.
 */
export class TrafficLedger {
  readonly #entries = new Map<FrameConnection, { partition: number | null; read: Traffic; ended: boolean }>();
  #totals: ByteFigures = { up: 0, down: 0 };
  /** Crossed before this coordinator, and is in no reading yet. */
  #carried: ByteFigures = { up: 0, down: 0 };

  /** Starts counting a connection. */
  open(connection: FrameConnection): void {
    this.#entries.set(connection, { partition: null, read: { bytesIn: 0, bytesOut: 0 }, ended: false });
  }

  /** Says whose it is. */
  assign(connection: FrameConnection, partition: number): void {
    const entry = this.#entries.get(connection);
    if (entry) entry.partition = partition;
  }

  /** The connection is gone: forgotten once its last bytes have been read. */
  close(connection: FrameConnection): void {
    const entry = this.#entries.get(connection);
    if (entry) entry.ended = true;
  }

  /** Everything since the reading before. */
  read(): TrafficReading {
    let { up, down } = this.#carried;
    this.#carried = { up: 0, down: 0 };
    const upPerClient: Record<string, number> = {};
    for (const [connection, entry] of this.#entries) {
      const now = connection.traffic();
      const moved = now.bytesIn - entry.read.bytesIn;
      up += moved;
      down += now.bytesOut - entry.read.bytesOut;
      if (entry.partition !== null && moved > 0) {
        const key = String(entry.partition);
        upPerClient[key] = (upPerClient[key] ?? 0) + moved;
      }
      entry.read = now;
      if (entry.ended) this.#entries.delete(connection);
    }
    this.#totals = { up: this.#totals.up + up, down: this.#totals.down + down };
    return { up, down, upPerClient };
  }

  /** Returns the bytes transferred in total, without taking a reading. */
  peek(): ByteFigures {
    let up = this.#totals.up + this.#carried.up;
    let down = this.#totals.down + this.#carried.down;
    for (const [connection, { read }] of this.#entries) {
      const now = connection.traffic();
      up += now.bytesIn - read.bytesIn;
      down += now.bytesOut - read.bytesOut;
    }
    return { up, down };
  }

  /** Counts on from what an earlier coordinator had read. */
  restore(totals: ByteFigures): void {
    this.#totals = totals;
  }

  /**
   * Carries over the totals that an earlier coordinator last wrote down: the next reading includes those it
   * had not read yet. Their connections are no longer known.
   */
  carryOver({ up, down }: ByteFigures): void {
    this.#carried = { up: Math.max(0, up - this.#totals.up), down: Math.max(0, down - this.#totals.down) };
  }

  /** All readings so far. */
  get totals(): ByteFigures {
    return this.#totals;
  }
}
