import type { JSX } from 'preact';

/** Pages of the coordinator's origin. */
export type PageName = 'watch' | 'join' | 'try';

const LINKS: readonly { readonly name: PageName; readonly href: string; readonly label: string }[] = [
  { name: 'join', href: '/join', label: 'Take part' },
  { name: 'watch', href: '/', label: 'Watch' },
  { name: 'try', href: '/try', label: 'Try the model' },
];

/** The mark: a tree trained along a frame. */
function Mark(): JSX.Element {
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" fill="none" stroke="currentColor" aria-hidden="true">
      <path
        d="M11 21V2M11 17H3V12M11 17h8v-5M11 10.5H5V6.5M11 10.5h6v-4"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

/** The line above every page of the coordinator. */
export function Masthead({ here }: { readonly here: PageName | null }): JSX.Element {
  return (
    <header class="masthead">
      <a class="brand" href={here === null ? undefined : '/'}>
        <Mark />
        Espalier
      </a>
      {here !== null && (
        <nav aria-label="Pages">
          {LINKS.map(({ name, href, label }) => (
            <a key={name} href={href} aria-current={name === here ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
      )}
    </header>
  );
}
