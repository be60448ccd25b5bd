import { useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import type { ReportRun } from '@espalier/core/report';
import { Chart } from '../ui/chart.js';
import type { ChartOption } from '../ui/chart-library.js';
import { countText } from '../ui/format.js';

/** Density per layer over the rounds as a heat map, and what every adjustment exchanged. */
export function Density({ run }: { readonly run: ReportRun }): JSX.Element | null {
  const heat = useMemo(() => heatOption(run), [run.metrics]);
  const exchanged = useMemo(() => exchangeOption(run), [run.metrics]);
  const { metrics, job } = run;
  if (metrics.length === 0 || job.layers.length === 0) return null;
  const total = metrics.reduce((sum, line) => sum + exchangedBy(line.adjustment?.exchanged), 0);
  return (
    <section class="card">
      <header>
        <h2>Where the weights are</h2>
        <p class="note">{`${countText(total)} weights dropped and as many grown so far`}</p>
      </header>
      <div class="split">
        <Chart
          caption="Density per layer over the rounds: the stronger the colour, the more of the layer's weights are active"
          option={heat}
          height={Math.max(220, 90 + 20 * job.layers.length)}
        />
        <Chart
          caption="Weights dropped, and as many grown, per layer in every round that adjusts the mask"
          option={exchanged}
          height={Math.max(220, 90 + 20 * job.layers.length)}
        />
      </div>
    </section>
  );
}

function exchangedBy(layers: Readonly<Record<string, number>> = {}): number {
  return Object.values(layers).reduce((sum, count) => sum + count, 0);
}

/** A layer without the word that all of them end with. */
export function layerLabel(name: string): string {
  return name.replace(/\/kernel$/, '');
}

function heatOption({ metrics, job }: ReportRun): ChartOption {
  const cells = metrics.flatMap(({ density }, column) =>
    job.layers.map(({ name }, row) => [column, row, round4(density.perLayer[name] ?? 0)]),
  );
  return matrixOption({ metrics, job }, cells, (value) => `${(100 * value).toFixed(2)} % active`);
}

function exchangeOption({ metrics, job }: ReportRun): ChartOption {
  const cells = metrics.flatMap(({ adjustment }, column) =>
    job.layers.map(({ name }, row) => [column, row, adjustment?.exchanged[name] ?? 0]),
  );
  return matrixOption(
    { metrics, job },
    cells,
    (value) => `${countText(value)} dropped, ${countText(value)} grown`,
  );
}

function round4(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

type Cells = readonly (readonly number[])[];

function matrixOption(
  { metrics, job }: Pick<ReportRun, 'metrics' | 'job'>,
  cells: Cells,
  say: (value: number) => string,
): ChartOption {
  const labels = job.layers.map(({ name }) => layerLabel(name));
  const largest = cells.reduce((most, cell) => Math.max(most, cell[2] ?? 0), 0);
  return {
    grid: { left: 8, right: 8, top: 8, bottom: 50, containLabel: true },
    xAxis: {
      type: 'category',
      data: metrics.map(({ round }) => round + 1),
      name: 'round',
      nameLocation: 'middle',
      nameGap: 24,
    },
    yAxis: {
      type: 'category',
      data: labels,
      inverse: true,
      axisLabel: { interval: 0, fontSize: 11, width: 96, overflow: 'truncate' },
    },
    visualMap: {
      min: 0,
      max: largest === 0 ? 1 : largest,
      calculable: false,
      orient: 'horizontal',
      left: 'center',
      bottom: 0,
      itemHeight: 110,
      itemWidth: 8,
      precision: largest > 1 ? 0 : 2,
      text: [largest > 1 ? countText(largest) : `${(100 * largest).toFixed(0)} %`, '0'],
    },
    tooltip: {
      trigger: 'item',
      formatter: ({ value }: { readonly value: readonly number[] }) => {
        const [column = 0, row = 0, amount = 0] = value;
        return `${labels[row] ?? ''}, round ${(metrics[column]?.round ?? 0) + 1}\n${say(amount)}`;
      },
    },
    series: [{ type: 'heatmap', data: cells, progressive: 0, itemStyle: { borderWidth: 0 } }],
  };
}
