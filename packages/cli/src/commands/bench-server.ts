import Table from 'cli-table3';
import {
  benchServer,
  type ServerBenchOptions,
  type ServerBenchResult,
} from '../server-bench/bench-server.js';
import { bytes, type OutputFormat, type Terminal } from '../terminal.js';

/** Flags of `espalier bench server`. */
export interface BenchServerFlags extends ServerBenchOptions {
  readonly format: OutputFormat;
}

/** Measures the coordinator under ready-made updates beside a bare socket.io server, in turn, in one run. */
export async function benchServerCommand(flags: BenchServerFlags, terminal: Terminal): Promise<void> {
  const result = await benchServer(flags, terminal);
  terminal.out(flags.format === 'json' ? JSON.stringify(result) : table(result));
}

function table(result: ServerBenchResult): string {
  const { reference, ackMs, aggregate, peakBytes, joinSeconds, downloadSeconds } = result;
  const shown = new Table({
    head: ['', 'updates/s', 'MB/s', 'ratio', 'CPU ms'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  shown.push(
    [
      'coordinator',
      result.updatesPerSecond.toFixed(0),
      result.megabytesPerSecond.toFixed(0),
      reference.ratio.toFixed(2),
      result.cpuMsPerUpdate.toFixed(2),
    ],
    [
      'bare socket.io',
      reference.updatesPerSecond.toFixed(0),
      reference.megabytesPerSecond.toFixed(0),
      '1',
      reference.cpuMsPerUpdate.toFixed(2),
    ],
  );
  return [
    shown.toString(),
    `${result.clients} clients, ${result.weights} weights, ${result.rounds} rounds; joining ${joinSeconds.toFixed(1)} s, a model to everybody ${downloadSeconds.toFixed(1)} s`,
    `accepted after ${ackMs.p50.toFixed(1)} ms (median), ${ackMs.p99.toFixed(1)} ms (99 %); peak ${bytes(peakBytes)}, after each round ${result.roundBytes.map(bytes).join(', ')}`,
    `aggregating ${aggregate.seconds.toFixed(2)} s a round, ${aggregate.ratio.toFixed(1)} × a plain pass over the bytes`,
  ].join('\n');
}
