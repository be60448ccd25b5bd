import { availableParallelism, totalmem } from 'node:os';
import Table from 'cli-table3';
import { describeTrainers } from '@espalier/client-node';
import { bytes, type OutputFormat, type Terminal } from '../terminal.js';
import { version } from '../version.js';

/** Says what this machine trains with, and what would make it faster. */
export async function doctor(format: OutputFormat, terminal: Terminal): Promise<void> {
  const backends = await describeTrainers();
  const used = backends.find(({ available }) => available)?.name ?? null;
  const machine = {
    espalier: version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
  };
  if (format === 'json') {
    terminal.out(JSON.stringify({ ...machine, used, backends }));
    return;
  }
  const table = new Table({
    head: ['backend', 'usable', 'why', 'to get it'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [17, 8, 50, 40],
  });
  for (const { name, available, reason, install } of backends) {
    table.push([name === used ? `${name} ←` : name, available ? 'yes' : 'no', reason, install]);
  }
  terminal.out(
    `espalier ${machine.espalier}, node ${machine.node}, ${machine.platform}, ${machine.cores} cores, ${bytes(machine.memoryBytes)}`,
  );
  terminal.out(used === null ? 'Nothing here can train.' : `Training uses ${used}.`);
  terminal.out(table.toString());
}
