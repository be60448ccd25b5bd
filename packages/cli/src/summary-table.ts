import Table from 'cli-table3';
import type { RunSummary } from '@espalier/server/coordinator';
import { amount, bytes, percent } from './terminal.js';

const HEAD = [
  'method',
  'accuracy',
  'best',
  'density',
  'of all',
  'up',
  'down',
  'up/client/round',
  'MACs',
  'seconds',
];

/** Runs side by side: accuracy with its measured costs. */
export function summaryTable(summaries: readonly RunSummary[]): string {
  const table = new Table({
    head: HEAD,
    style: { head: [], border: [] },
    colAligns: HEAD.map((_, i) => (i === 0 ? 'left' : 'right')),
  });
  for (const summary of summaries) table.push(row(summary));
  return table.toString();
}

function row({ method, accuracy, density, bytes: moved, macs, seconds }: RunSummary): string[] {
  return [
    method,
    percent(accuracy.final),
    percent(accuracy.best),
    density.maskable.toFixed(3),
    density.all.toFixed(3),
    bytes(moved.up),
    bytes(moved.down),
    bytes(moved.upPerRoundMedian),
    amount(macs.train + macs.moments),
    seconds.toFixed(1),
  ];
}
