import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { drawChart, type ChartOption, type DrawnChart } from './chart-library.js';
import { onColorScheme, pageColors } from './colors.js';

/** Content of a chart. */
export interface ChartProps {
  readonly caption: string;
  readonly option: ChartOption;
  /** In CSS pixels; 320 when left out. */
  readonly height?: number;
}

/** A chart with its caption; it follows its width and the colour scheme. */
export function Chart({ caption, option, height = 320 }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnChart | null>(null);
  const latest = useRef(option);
  latest.current = option;
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const draw = (): void => {
      drawn.current?.dispose();
      drawn.current = drawChart(element, pageColors());
      drawn.current.set(latest.current);
    };
    draw();
    const resized = new ResizeObserver(() => drawn.current?.resize());
    resized.observe(element);
    const release = onColorScheme(draw);
    return () => {
      release();
      resized.disconnect();
      drawn.current?.dispose();
      drawn.current = null;
    };
  }, []);
  useEffect(() => {
    drawn.current?.set(option);
  }, [option]);
  return (
    <figure>
      <figcaption>{caption}</figcaption>
      <div class="chart" role="img" aria-label={caption} ref={place} style={{ height: `${height}px` }} />
    </figure>
  );
}
