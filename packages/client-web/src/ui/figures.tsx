import type { JSX } from 'preact';

/** A figure with its label. */
export interface FigureItem {
  readonly label: string;
  readonly value: string;
  readonly hint?: string | undefined;
  /** Names the figure for tests and scripts. */
  readonly name?: string;
}

/** Large numbers in a row. */
export function Figures({
  items,
  small = false,
}: {
  readonly items: readonly FigureItem[];
  readonly small?: boolean;
}): JSX.Element {
  return (
    <dl class={small ? 'figures small' : 'figures'}>
      {items.map(({ label, value, hint, name }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <span data-figure={name}>{value}</span>
            {hint !== undefined && <small>{hint}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
