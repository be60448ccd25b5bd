import type { ServerResponse } from 'node:http';
import type { ReportRun } from '@espalier/core/report';

/** Milliseconds between looks at the run while somebody watches. */
const LOOK_EVERY = 500;

/** Looks after which an unchanged run is sent all the same, so that a dead connection is noticed. */
const PULSE = 20;

/**
 * One line of `GET /api/stream`: the run with the metrics from that line on; earlier lines stay as they are.
 */
export interface StreamedRun {
  readonly from: number;
  readonly run: ReportRun;
}

/** One person who watches a run: a line of JSON whenever something has changed. */
export class RunStream {
  readonly #response: ServerResponse;
  readonly #look: () => ReportRun;
  readonly #timer: NodeJS.Timeout;
  /** Resolves when nobody can be told any more. */
  readonly gone: Promise<void>;
  #sent = '';
  /** Leading lines that have been sent and do not change any more. */
  #settled = 0;
  #quiet = 0;

  constructor(response: ServerResponse, look: () => ReportRun) {
    this.#response = response;
    this.#look = look;
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    this.#timer = setInterval(() => {
      // Who does not read gets the newest state once it does, and costs the memory of one line.
      if (!response.writableNeedDrain) this.#send();
    }, LOOK_EVERY);
    this.gone = new Promise((resolve) => {
      const stop = (): void => {
        clearInterval(this.#timer);
        resolve();
      };
      response.once('close', stop);
      // A response that waits for others of its connection never hears that the connection has gone.
      response.req.socket.once('close', stop);
    });
    this.#send();
  }

  /** Sends the run as it ended; resolves when that has left, or cannot. */
  end(): Promise<void> {
    clearInterval(this.#timer);
    const sent = new Promise<void>((resolve) => {
      this.#send();
      this.#response.end(resolve);
    });
    return Promise.race([sent, this.gone]);
  }

  #send(): void {
    const run = this.#look();
    const changing = JSON.stringify({ ...run, seconds: 0 });
    this.#quiet++;
    if (changing === this.#sent && this.#quiet < PULSE) return;
    this.#sent = changing;
    this.#quiet = 0;
    const line: StreamedRun = {
      from: this.#settled,
      run: { ...run, metrics: run.metrics.slice(this.#settled) },
    };
    this.#response.write(`${JSON.stringify(line)}\n`);
    const open = run.metrics.findIndex(({ accuracy }) => accuracy === null);
    this.#settled = open === -1 ? run.metrics.length : open;
  }
}
