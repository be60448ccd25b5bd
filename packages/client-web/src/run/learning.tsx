import { useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import type { ReportRun, RoundMetrics } from '@espalier/core/report';
import { Chart } from '../ui/chart.js';
import type { ChartOption } from '../ui/chart-library.js';

/** Accuracy and loss per round, with the dense control where there is one. */
export function Learning({ run }: { readonly run: ReportRun }): JSX.Element | null {
  const accuracy = useMemo(() => accuracyOption(run), [run.metrics, run.control]);
  const loss = useMemo(() => lossOption(run), [run.metrics, run.control]);
  if (run.job.rounds === 0) return null;
  if (run.metrics.length === 0) {
    return (
      <section class="card">
        <h2>Learning</h2>
        <p class="empty">No round is closed yet. The first figures come with the end of round 1.</p>
      </section>
    );
  }
  const beside = run.control === null ? '' : ', with the dense control';
  return (
    <section class="card">
      <h2>Learning</h2>
      <div class="split">
        <Chart caption={`Accuracy of each round's model${beside}`} option={accuracy} height={280} />
        <Chart
          caption={`Loss: of the model, and of the clients while they train${beside}`}
          option={loss}
          height={280}
        />
      </div>
    </section>
  );
}

interface Series {
  readonly name: string;
  readonly lines: readonly RoundMetrics[];
  readonly pick: (line: RoundMetrics) => number | null;
  readonly dashed?: boolean;
}

function accuracyOption({ metrics, control }: ReportRun): ChartOption {
  const inPercent = ({ accuracy }: RoundMetrics): number | null =>
    accuracy === null ? null : 100 * accuracy;
  const series: readonly Series[] = [
    { name: 'sparse', lines: metrics, pick: inPercent },
    ...(control ? [{ name: 'dense control', lines: control, pick: inPercent, dashed: true }] : []),
  ];
  return seriesOption(series, { name: '%', min: 0, max: 100 });
}

function lossOption({ metrics, control }: ReportRun): ChartOption {
  const series: readonly Series[] = [
    { name: 'model', lines: metrics, pick: ({ loss }) => loss },
    { name: 'training', lines: metrics, pick: ({ trainLoss }) => trainLoss },
    ...(control
      ? [{ name: 'dense control', lines: control, pick: (line: RoundMetrics) => line.loss, dashed: true }]
      : []),
  ];
  return seriesOption(series, { min: 0 });
}

function seriesOption(series: readonly Series[], valueAxis: object): ChartOption {
  return {
    legend: { top: 0, right: 0 },
    grid: { left: 8, right: 14, top: 34, bottom: 22 },
    xAxis: {
      type: 'value',
      name: 'round',
      nameLocation: 'middle',
      nameGap: 26,
      min: 1,
      max: 'dataMax',
      minInterval: 1,
      splitLine: { show: false },
    },
    yAxis: { type: 'value', ...valueAxis },
    tooltip: { valueFormatter: (value: unknown) => (typeof value === 'number' ? value.toPrecision(3) : '–') },
    series: series.map(({ name, lines, pick, dashed = false }) => ({
      type: 'line',
      name,
      connectNulls: true,
      data: lines.map((line) => [line.round + 1, pick(line)]),
      ...(dashed ? { lineStyle: { type: 'dashed', width: 1.5 } } : {}),
    })),
  };
}
