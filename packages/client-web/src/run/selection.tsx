import { useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import type { SelectionFigures } from '@espalier/core/round';
import { Chart } from '../ui/chart.js';
import type { ChartOption } from '../ui/chart-library.js';
import { pageColors } from '../ui/colors.js';

/** Shows the result of each candidate of the coarse pruning, and the one chosen. */
export function Selection({
  selection,
}: {
  readonly selection: SelectionFigures | null;
}): JSX.Element | null {
  const option = useMemo(() => selection && selectionOption(selection), [selection]);
  if (!selection || !option || selection.losses.length === 0) return null;
  return (
    <section class="card">
      <header>
        <h2>Choosing the first mask</h2>
        <p class="note">{`candidate ${selection.chosen + 1} of ${selection.losses.length}`}</p>
      </header>
      <Chart
        caption="Mean loss of each candidate over all clients' own data, after its batch-norm statistics were adapted; the chosen one stands out"
        option={option}
        height={240}
      />
    </section>
  );
}

function selectionOption({ chosen, losses }: SelectionFigures): ChartOption {
  const { accent, soft } = pageColors();
  return {
    grid: { left: 8, right: 14, top: 30, bottom: 22 },
    xAxis: {
      type: 'category',
      data: losses.map((_, at) => at + 1),
      name: 'candidate',
      nameLocation: 'middle',
      nameGap: 24,
    },
    yAxis: { type: 'value', name: 'loss', scale: true, boundaryGap: ['15%', '15%'] },
    tooltip: {
      trigger: 'item',
      valueFormatter: (value: unknown) => (typeof value === 'number' ? value.toPrecision(4) : '–'),
    },
    series: [
      {
        type: 'scatter',
        name: 'mean loss',
        data: losses.map((value, at) => ({
          value,
          symbolSize: at === chosen ? 16 : 10,
          itemStyle: { color: at === chosen ? accent : soft },
          ...(at === chosen
            ? {
                label: {
                  show: true,
                  position: 'right',
                  formatter: 'chosen',
                  color: soft,
                  textBorderWidth: 0,
                },
              }
            : {}),
        })),
      },
    ],
  };
}
