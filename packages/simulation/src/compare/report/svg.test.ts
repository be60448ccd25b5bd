import { describe, expect, it } from '@jest/globals';
import { plotSvg } from './svg.js';

const svgOf = (names: readonly string[]): string =>
  plotSvg({
    file: 'plot',
    caption: 'A plot.',
    height: 200,
    option: {
      legend: { type: 'scroll', top: 4, left: 0, right: 0, itemHeight: 8 },
      grid: { top: 68 },
      xAxis: {},
      yAxis: {},
      series: names.map((name) => ({ type: 'line', name, data: [[0, 1]] })),
    },
  });

describe('a plot as SVG', () => {
  it('keeps its height where the legend fits on a line', () => {
    expect(svgOf(['one', 'two'])).toContain('height="200"');
  });

  it('names every row, on as many lines as that takes', () => {
    const names = Array.from({ length: 9 }, (_, i) => `a row with a rather long name, ${i}`);
    const svg = svgOf(names);
    for (const name of names) expect(svg).toContain(name);
    // Three of 65 + 7 × 32 pixels on each of three lines of 880.
    expect(svg).toContain('height="240"');
  });
});
