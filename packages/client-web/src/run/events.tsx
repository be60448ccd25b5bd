import type { JSX } from 'preact';
import type { WatchedEvent } from '@espalier/core/report';

/** The coordinator's log, newest first. */
export function Events({ events }: { readonly events: readonly WatchedEvent[] }): JSX.Element {
  return (
    <section class="card">
      <h2>Events</h2>
      {events.length === 0 ? (
        <p class="empty">Nothing has happened yet.</p>
      ) : (
        <ol class="log" tabIndex={0} aria-label="Events, newest first">
          {[...events].reverse().map(({ time, level, message }, at) => (
            <li key={events.length - at}>
              <time dateTime={new Date(time).toISOString()}>
                {new Date(time).toLocaleTimeString([], { hourCycle: 'h23' })}
              </time>
              <span class={level === 'info' ? undefined : 'warn'}>{message}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
