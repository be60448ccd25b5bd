import { useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import type { ReportRun } from '@espalier/core/report';
import { Chart } from '../ui/chart.js';
import type { ChartOption } from '../ui/chart-library.js';
import { byteText } from '../ui/format.js';

/**
 * Computes the bytes that dense FedAvg would have sent in the rounds closed so far: the dense model down and
 * up for every client asked.
 */
export function denseTotal({ metrics, job }: Pick<ReportRun, 'metrics' | 'job'>): number {
  return metrics.reduce((sum, { clients }) => sum + 2 * job.denseBytes * clients.asked, 0);
}

/** Bytes that the rounds closed so far moved, both ways. */
export function roundsTotal({ metrics }: Pick<ReportRun, 'metrics'>): number {
  return metrics.reduce((sum, { bytes }) => sum + bytes.up + bytes.down, 0);
}

/** Measured bytes of every round, against what dense FedAvg would have sent. */
export function TrafficSection({ run }: { readonly run: ReportRun }): JSX.Element | null {
  const option = useMemo(() => trafficOption(run), [run.metrics]);
  if (run.metrics.length === 0) return null;
  return (
    <section class="card">
      <header>
        <h2>Bytes on the wire</h2>
        <p class="note">{`${byteText(roundsTotal(run))} in rounds so far; dense FedAvg: ${byteText(denseTotal(run))}`}</p>
      </header>
      <Chart
        caption="Measured bytes of every round over all clients, framing included; the dashes are what dense FedAvg would have sent"
        option={option}
        height={260}
      />
    </section>
  );
}

function trafficOption({ metrics, job }: ReportRun): ChartOption {
  const mega = (bytes: number): number => bytes / 1e6;
  const bars = (name: 'up' | 'down', label: string): object => ({
    type: 'bar',
    name: label,
    stack: 'bytes',
    barMaxWidth: 34,
    data: metrics.map(({ bytes }) => mega(bytes[name])),
  });
  return {
    legend: { top: 0, right: 0 },
    grid: { left: 8, right: 14, top: 34, bottom: 22, containLabel: true },
    xAxis: {
      type: 'category',
      data: metrics.map(({ round }) => round + 1),
      name: 'round',
      nameLocation: 'middle',
      nameGap: 24,
    },
    yAxis: { type: 'value', name: 'MB', nameGap: 10 },
    tooltip: {
      valueFormatter: (value: unknown) => (typeof value === 'number' ? byteText(1e6 * value) : '–'),
    },
    series: [
      bars('down', 'to the clients'),
      bars('up', 'from the clients'),
      {
        type: 'line',
        name: 'dense FedAvg',
        symbol: 'none',
        step: 'middle',
        lineStyle: { type: 'dashed', width: 1.5 },
        data: metrics.map(({ clients }) => mega(2 * job.denseBytes * clients.asked)),
      },
    ],
  };
}
