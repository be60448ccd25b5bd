import type { ComponentChildren, JSX } from 'preact';

/** A few sentences that matter now; announced by screen readers. */
export function Notice({
  warn = false,
  children,
}: {
  readonly warn?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class={warn ? 'notice warn' : 'notice'} role="status">
      {children}
    </div>
  );
}
