import type { ComponentChildren, JSX } from 'preact';

/** A column's heading and alignment. */
export interface TableColumn {
  readonly label: string;
  readonly align?: 'left' | 'right' | undefined;
  /** Its text may be long: it breaks. */
  readonly wrap?: boolean;
}

/** A table that scrolls sideways where the page is narrower than it. */
export interface TableProps {
  readonly caption?: string | undefined;
  readonly columns: readonly TableColumn[];
  readonly rows: readonly (readonly ComponentChildren[])[];
}

/** Figures in rows. */
export function Table({ caption, columns, rows }: TableProps): JSX.Element {
  return (
    <div
      class="scroll"
      tabIndex={0}
      role="region"
      aria-label={caption ?? columns.map(({ label }) => label).join(', ')}
    >
      <table>
        {caption !== undefined && <caption>{caption}</caption>}
        <thead>
          <tr>
            {columns.map(({ label, align }, at) => (
              <th key={at} scope="col" class={align === 'right' ? 'right' : undefined}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} class={cellClass(columns[column])}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellClass(column: TableColumn | undefined): string | undefined {
  if (column?.align === 'right') return 'right';
  return column?.wrap === true ? 'wrap' : undefined;
}
