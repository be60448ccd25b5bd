import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EspalierError } from '@espalier/core';
import type { LoadOrder, LoadReport } from './orders.js';

/** Figures of one burst of uploads. */
export interface Burst {
  /** From the order to the last acknowledgement. */
  readonly seconds: number;
  readonly ackMs: readonly number[];
  readonly bytes: number;
}

/** The processes that play clients; each does what it is told, all at once. */
export class LoadProcesses {
  readonly #children: readonly ChildProcess[];

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () => fork(entry('load-entry')));
  }

  /** Gives each its order; resolves when all have done it. @throws EspalierError `internal` with what one of them met. */
  all(order: (process: number) => LoadOrder): Promise<readonly LoadReport[]> {
    return Promise.all(this.#children.map((child, i) => ask(child, order(i))));
  }

  async burst(kind: 'upload' | 'reference'): Promise<Burst> {
    const began = performance.now();
    const reports = await this.all(() => ({ kind }));
    const seconds = (performance.now() - began) / 1000;
    const sent = reports.flatMap((report) => (report.kind === 'sent' ? [report] : []));
    return {
      seconds,
      ackMs: sent.flatMap(({ ackMs }) => ackMs),
      bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** A bare server in a process of its own. */
export interface BareProcess {
  readonly url: string;
  /** Processor seconds it has used. */
  readonly cpuSeconds: () => Promise<number>;
  readonly end: () => void;
}

/** Starts the server that the coordinator is measured against. */
export async function startBareServer(maxFrameBytes: number): Promise<BareProcess> {
  const child = fork(entry('bare-entry'), [String(maxFrameBytes)]);
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (listening: string) => {
      resolve(listening);
    });
    child.once('exit', () => {
      reject(new EspalierError('internal', 'the bare server ended before it listened'));
    });
  });
  return {
    url,
    cpuSeconds: () =>
      new Promise((resolve) => {
        child.once('message', (seconds) => {
          resolve(Number(seconds));
        });
        child.send('cpu');
      }),
    end: () => child.kill('SIGKILL'),
  };
}

function entry(name: string): string {
  return fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

function ask(child: ChildProcess, order: LoadOrder): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const ended = (): void => {
      reject(new EspalierError('internal', `a load process ended while it was to ${order.kind}`));
    };
    child.once('exit', ended);
    child.once('message', (report: LoadReport) => {
      child.off('exit', ended);
      if (report.kind === 'failed') reject(new EspalierError('internal', report.message));
      else resolve(report);
    });
    child.send(order);
  });
}
