import type { CellResult } from '../cell-result.js';
import { groupBy } from '../group-by.js';
import { spreadOf, type ResultGroup } from '../statistics.js';

/** A plot: what a report draws, and what is written as SVG. */
export interface Plot {
  /** Name of its SVG file. */
  readonly file: string;
  readonly caption: string;
  /** A plain ECharts option. */
  readonly option: Readonly<Record<string, unknown>>;
  readonly height: number;
}

type Pick = (result: CellResult) => number | null;

const accuracyOf: Pick = ({ accuracy }) => (accuracy.final === null ? null : 100 * accuracy.final);

const SYMBOLS = [
  ...['circle', 'rect', 'triangle', 'diamond'],
  ...['emptyCircle', 'emptyRect', 'emptyTriangle', 'emptyDiamond'],
];

/** Colours that stay apart for the common kinds of colour blindness (Okabe & Ito 2008), and others that can be told on light and dark alike. */
const COLOURS = [
  '#0072B2',
  '#E69F00',
  '#009E73',
  '#D55E00',
  '#CC79A7',
  '#56B4E9',
  '#9A8700',
  '#808080',
  '#7E72C4',
  '#B07A55',
  '#2A9D8F',
  '#C7438F',
  '#7FA32B',
  '#6F8CA0',
];

/** The same colour and symbol for a method in every plot. */
export interface MethodStyles {
  readonly of: (name: string) => { readonly color: string; readonly symbol: string };
}

/** Styles for those methods, in that order. */
export function methodStyles(names: readonly string[]): MethodStyles {
  return {
    of: (name) => {
      const at = Math.max(0, names.indexOf(name));
      return { color: COLOURS[at % COLOURS.length]!, symbol: SYMBOLS[at % SYMBOLS.length]! };
    },
  };
}

/** Returns the options that all plots share. */
function base(
  x: Readonly<Record<string, unknown>>,
  y: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    animation: false,
    // A legend with pages cuts off everything above its symbols.
    legend: { type: 'scroll', top: 4, left: 0, right: 0, itemHeight: 14, itemWidth: 14 },
    grid: { left: 56, right: 24, top: 68, bottom: 56 },
    tooltip: { trigger: 'item' },
    xAxis: { nameLocation: 'middle', nameGap: 28, scale: true, ...x },
    yAxis: { scale: true, nameTextStyle: { align: 'left' }, ...y },
  };
}

/** Final accuracy over a cost, or over density: a line through the means, a small point for every seed. */
export function accuracyOver(
  groups: readonly ResultGroup[],
  styles: MethodStyles,
  axis: {
    readonly name: string;
    readonly log: boolean;
    readonly pick: (result: CellResult) => number | null;
  },
): Readonly<Record<string, unknown>> {
  const byName = groupBy(groups, ({ name }) => name);
  const series = [...byName].flatMap(([name, rows]) => {
    const { color, symbol } = styles.of(name);
    const means = rows.flatMap(({ results }) => {
      const [x, y] = [spreadOf(results.map(axis.pick)), spreadOf(results.map(accuracyOf))];
      return x && y ? [[x.mean, y.mean]] : [];
    });
    const points = rows.flatMap(({ results }) =>
      results.flatMap((result) => {
        const [x, y] = [axis.pick(result), accuracyOf(result)];
        return x === null || y === null ? [] : [[x, y]];
      }),
    );
    const ordered = means.sort(([a = 0], [b = 0]) => a - b);
    return [
      { name, type: 'line', data: ordered, symbol, symbolSize: 9, color, lineStyle: { width: 2 } },
      { name, type: 'scatter', data: points, symbol, symbolSize: 5, color, itemStyle: { opacity: 0.5 } },
    ];
  });
  const x = { name: axis.name, type: axis.log ? 'log' : 'value' };
  return { ...base(x, { name: 'final accuracy, %', type: 'value' }), series };
}

/** More bands than that hide one another and the lines. */
const MOST_BANDS = 6;

/** Accuracy over rounds at one density: means over seeds. Few rows have bands of one standard deviation either side. */
export function accuracyCurves(
  groups: readonly ResultGroup[],
  styles: MethodStyles,
): { readonly option: Readonly<Record<string, unknown>>; readonly bands: boolean } | null {
  const drawn = groups.filter(({ results }) => results.some(({ curve }) => curve !== null));
  if (drawn.length === 0) return null;
  const bands = drawn.length <= MOST_BANDS;
  const series = drawn.flatMap(({ name, results }) => curveSeries(name, results, styles, bands));
  const axes = base({ name: 'round', type: 'value', max: 'dataMax' }, { name: 'accuracy, %', type: 'value' });
  return { option: { ...axes, series }, bands };
}

function curveSeries(
  name: string,
  results: readonly CellResult[],
  styles: MethodStyles,
  bands: boolean,
): readonly Readonly<Record<string, unknown>>[] {
  const curves = results.flatMap(({ curve }) => (curve ? [curve.accuracy] : []));
  const rounds = Math.max(...curves.map(({ length }) => length));
  const spreads = Array.from({ length: rounds }, (_, round) => {
    const spread = spreadOf(curves.map((curve) => curve[round] ?? null));
    return spread ? [{ round: round + 1, mean: 100 * spread.mean, deviation: 100 * spread.deviation }] : [];
  }).flat();
  const { color } = styles.of(name);
  const line = {
    name,
    type: 'line',
    color,
    showSymbol: false,
    lineStyle: { width: 2 },
    data: spreads.map(({ round, mean }) => [round, mean]),
  };
  if (!bands || curves.length < 2) return [line];
  // Two lines stacked: what is below the band is not drawn.
  const edge = {
    type: 'line',
    stack: `band ${name}`,
    symbol: 'none',
    lineStyle: { opacity: 0 },
    silent: true,
    color,
  };
  return [
    line,
    { ...edge, name, data: spreads.map(({ round, mean, deviation }) => [round, mean - deviation]) },
    {
      ...edge,
      name,
      areaStyle: { opacity: 0.15 },
      data: spreads.map(({ round, deviation }) => [round, 2 * deviation]),
    },
  ];
}

/** Labels of more layers than that overlap unless they are turned. */
const CROWDED = 8;

/** Density per layer at the end, the mean over seeds. */
export function layerDensities(
  groups: readonly ResultGroup[],
  styles: MethodStyles,
): Readonly<Record<string, unknown>> | null {
  const drawn = groups.flatMap(({ name, results }) => {
    const known = results.flatMap(({ perLayer }) => (perLayer ? [perLayer] : []));
    return known.length === 0 ? [] : [{ name, known }];
  });
  const layers = Object.keys(drawn[0]?.known[0] ?? {});
  if (layers.length === 0) return null;
  const crowded = layers.length > CROWDED;
  const x = {
    type: 'category',
    data: layers.map((layer) => layer.replace(/\/kernel$/, '')),
    axisLabel: { rotate: crowded ? 45 : 0 },
  };
  return {
    ...base(x, { name: 'density', type: 'log' }),
    grid: { left: 56, right: 24, top: 68, bottom: crowded ? 110 : 56 },
    series: drawn.map(({ name, known }) => ({
      name,
      type: 'line',
      symbolSize: 5,
      ...styles.of(name),
      data: layers.map((layer) => spreadOf(known.map((each) => each[layer] ?? null))?.mean ?? null),
    })),
  };
}

/** Training samples per client, stacked by class. */
export function partitionBars(samples: readonly (readonly number[])[]): Readonly<Record<string, unknown>> {
  const classes = samples[0]?.length ?? 0;
  const x = { type: 'category', name: 'client', data: samples.map((_, client) => String(client + 1)) };
  return {
    ...base(x, { name: 'samples', type: 'value', scale: false }),
    series: Array.from({ length: classes }, (_, label) => ({
      name: `class ${label + 1}`,
      type: 'bar',
      stack: 'samples',
      color: COLOURS[label % COLOURS.length],
      data: samples.map((counts) => counts[label] ?? 0),
    })),
  };
}
