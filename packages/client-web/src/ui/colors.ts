/** The page's colours, as charts and canvases need them. */
export interface ChartColors {
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly sheet: string;
  readonly accent: string;
  readonly second: string;
  readonly empty: string;
}

/** The colours that the style sheet has now, light or dark. */
export function pageColors(): ChartColors {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: read('ink'),
    soft: read('soft'),
    line: read('line'),
    sheet: read('sheet'),
    accent: read('accent'),
    second: read('second'),
    empty: read('empty'),
  };
}

/** Calls back whenever the system changes between light and dark; gives how to end it. */
export function onColorScheme(changed: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', changed);
  return () => {
    query.removeEventListener('change', changed);
  };
}
