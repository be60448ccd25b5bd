import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { ReportRun } from '@espalier/core/report';
import { Notice } from '../ui/notice.js';
import { control, download, refusal } from './model.js';

/** Start, pause, stop, and the model as a file. */
export function Controls({ run }: { readonly run: ReportRun }): JSX.Element {
  const ended = run.phase === 'finished';
  return (
    <section class="card" aria-label="Controls">
      <div class="buttons">
        {!ended && run.phase === 'gather' && (
          <button type="button" class="primary" onClick={() => void control('start')}>
            Start with those who are here
          </button>
        )}
        {!ended && (
          <button type="button" onClick={() => void control(run.paused ? 'resume' : 'pause')}>
            {run.paused ? 'Go on' : 'Pause'}
          </button>
        )}
        {!ended && <Stop />}
        <button type="button" onClick={() => void download()}>
          Download the model
        </button>
      </div>
      {refusal.value !== '' && (
        <Notice warn>
          <p>{refusal.value}</p>
        </Notice>
      )}
    </section>
  );
}

/** Stops the run, once the person has said it twice. */
function Stop(): JSX.Element {
  const sure = useSignal(false);
  const set = (to: boolean) => (): void => {
    sure.value = to;
  };
  if (!sure.value) {
    return (
      <button type="button" onClick={set(true)}>
        Stop …
      </button>
    );
  }
  return (
    <>
      <button type="button" class="danger" onClick={() => void control('stop').then(set(false))}>
        End the run and keep the model reached
      </button>
      <button type="button" class="plain" onClick={set(false)}>
        Cancel
      </button>
    </>
  );
}
