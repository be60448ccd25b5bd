import type { JSX } from 'preact';

/** Progress bar; `share` is from 0 to 1, `label` names the thing that progresses. */
export function Bar({ share, label }: { readonly share: number; readonly label: string }): JSX.Element {
  return (
    <div
      class="bar"
      role="progressbar"
      aria-valuenow={Math.round(100 * share)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-label={label}
    >
      <i style={{ width: `${100 * share}%` }} />
    </div>
  );
}
