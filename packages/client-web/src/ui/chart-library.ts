import { BarChart, BoxplotChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import type { ChartColors } from './colors.js';

echarts.use([
  ...[BarChart, BoxplotChart, HeatmapChart, LineChart, ScatterChart, CanvasRenderer],
  ...[AriaComponent, DatasetComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent],
  ...[MarkAreaComponent, MarkLineComponent, VisualMapComponent],
]);

/** A plain ECharts option: JSON, as a report document holds it. */
export type ChartOption = Readonly<Record<string, unknown>>;

/** A chart on an element of the page. */
export interface DrawnChart {
  set(option: ChartOption): void;
  resize(): void;
  dispose(): void;
}

/** Draws into that element, which must have a size. Colours not named by the option are the page's. */
export function drawChart(element: HTMLElement, colors: ChartColors): DrawnChart {
  const chart = echarts.init(element, themeOf(colors), { renderer: 'canvas' });
  return {
    set: (option) => {
      // Text in the canvas: HTML tooltips would need inline styles, which the pages' policy forbids.
      const tooltip = {
        trigger: 'axis',
        confine: true,
        ...objectOf(option['tooltip']),
        renderMode: 'richText',
      };
      const grid = {
        left: 8,
        right: 32,
        top: 44,
        bottom: 12,
        containLabel: true,
        ...objectOf(option['grid']),
      };
      const legend = option['legend'] ? { legend: { top: 0, right: 0, ...objectOf(option['legend']) } } : {};
      chart.setOption(
        { animation: false, ...option, ...legend, grid: gridOf(option, grid), tooltip },
        { notMerge: true },
      );
    },
    resize: () => {
      chart.resize();
    },
    dispose: () => {
      chart.dispose();
    },
  };
}

/** Several grids are their author's own business. */
function gridOf(option: ChartOption, usual: object): unknown {
  return Array.isArray(option['grid']) ? option['grid'] : usual;
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function themeOf({ ink, soft, line, sheet, accent, second, empty }: ChartColors): object {
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    axisLabel: { color: soft, hideOverlap: true },
    nameTextStyle: { color: soft },
    splitLine: { lineStyle: { color: line } },
    splitArea: { show: false },
  };
  return {
    color: [accent, second, '#5b7fa6', '#a65b76', '#6d6aa8', '#5f9ea0', '#8a8f45'],
    backgroundColor: 'transparent',
    textStyle: { color: ink, fontFamily: 'system-ui, sans-serif' },
    title: { textStyle: { color: ink, fontSize: 14, fontWeight: 600 }, subtextStyle: { color: soft } },
    legend: { textStyle: { color: soft }, icon: 'roundRect', itemWidth: 12, itemHeight: 3 },
    tooltip: {
      backgroundColor: sheet,
      borderColor: line,
      textStyle: { color: ink, fontSize: 12 },
      axisPointer: { lineStyle: { color: soft }, crossStyle: { color: soft } },
    },
    visualMap: { textStyle: { color: soft }, inRange: { color: [empty, accent] } },
    categoryAxis: { ...axis, splitLine: { show: false } },
    valueAxis: { ...axis, axisLine: { show: false } },
    logAxis: { ...axis, axisLine: { show: false } },
    timeAxis: axis,
    line: { symbol: 'circle', symbolSize: 5, lineStyle: { width: 2 } },
  };
}
