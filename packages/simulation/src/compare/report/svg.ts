import { init } from 'echarts';
import type { Plot } from './charts.js';

/** Width of a plot's SVG, in pixels. */
const WIDTH = 880;

/** The plot as an SVG document, drawn without a browser. */
export function plotSvg({ option, height }: Plot): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ backgroundColor: '#ffffff', ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
