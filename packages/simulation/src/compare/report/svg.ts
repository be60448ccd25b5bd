import { init } from 'echarts';
import type { Plot } from './charts.js';

/** Width of a plot's SVG, in pixels. */
const WIDTH = 880;

/** Pixels of a line of the legend, of an entry beside its text, and of a letter at most. */
const LEGEND = { line: 20, entry: 65, letter: 7 } as const;

/** Nobody knows how wide a viewer's letters are: with room behind them, wide ones do not run into the next entry. */
const ENTRY = '{name}\u00a0\u00a0';

/** The plot as an SVG document, drawn without a browser. */
export function plotSvg({ option, height }: Plot): string {
  const more = (legendLines(option) - 1) * LEGEND.line;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: height + more });
  try {
    chart.setOption({ backgroundColor: '#ffffff', ...withWholeLegend(option, more) });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** Lines that the legend takes at that width, at most; 1 without a legend. */
function legendLines({ legend, series }: Plot['option']): number {
  if (legend === undefined || !Array.isArray(series)) return 1;
  const names = new Set(series.flatMap(({ name }: { readonly name?: string }) => name ?? []));
  let [lines, used] = [1, 0];
  for (const name of names) {
    const width = LEGEND.entry + LEGEND.letter * name.length;
    if (used > 0 && used + width > WIDTH) [lines, used] = [lines + 1, 0];
    used += width;
  }
  return lines;
}

/** Nobody can turn the pages of a legend in a picture: it has all its lines, above a plot that much lower. */
function withWholeLegend(option: Plot['option'], more: number): Plot['option'] {
  const { legend, grid } = option as {
    readonly legend?: object;
    readonly grid: { readonly top: number };
  };
  if (legend === undefined) return option;
  return {
    ...option,
    legend: { ...legend, type: 'plain', formatter: ENTRY },
    grid: { ...grid, top: grid.top + more },
  };
}
