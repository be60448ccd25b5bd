import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Headline } from '../run/headline.js';
import { RunView } from '../run/run-view.js';
import { keepAdminToken } from '../ui/admin-token.js';
import { Masthead } from '../ui/masthead.js';
import { Notice } from '../ui/notice.js';
import { Controls } from './controls.js';
import { follow, phase, replayed, run } from './model.js';

/** The dashboard: a run as it goes, or as it went. */
export function WatchPage(): JSX.Element {
  return (
    <main class="page" data-state={phase.value}>
      <Masthead here="watch" />
      <Body />
    </main>
  );
}

function Body(): JSX.Element {
  if (phase.value === 'asking') return <AskToken />;
  const now = run.value;
  if (!now) return <p class="lead">Asking the coordinator …</p>;
  return (
    <>
      <Headline run={now} />
      {phase.value === 'lost' && (
        <Notice warn>
          <p>
            The coordinator does not answer. What you see is the last that it said; this page keeps asking. If
            its process has ended, go on with <code>espalier serve --resume</code>.
          </p>
        </Notice>
      )}
      {phase.value === 'ended' && !replayed.value && (
        <Notice>
          <p>
            The coordinator has ended with its run. <code>espalier serve --replay</code> with the run folder
            shows it again, and <code>report.html</code> in it is this page as a file.
          </p>
        </Notice>
      )}
      {(phase.value === 'live' || replayed.value) && <Controls run={now} />}
      <RunView run={now} />
    </>
  );
}

function AskToken(): JSX.Element {
  const given = useSignal('');
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        keepAdminToken(given.value.trim());
        phase.value = 'connecting';
        void follow();
      }}
    >
      <h1>Watch the run</h1>
      <p>
        Its figures are for whoever runs it. <code>espalier serve</code> prints a link with the admin token,
        and the token itself.
      </p>
      <div class="fields">
        <label class="field">
          Admin token
          <input
            value={given.value}
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget }) => {
              given.value = currentTarget.value;
            }}
          />
        </label>
      </div>
      <div class="buttons">
        <button type="submit" class="primary" disabled={given.value.trim() === ''}>
          Watch
        </button>
      </div>
    </form>
  );
}
