import type { JSX } from 'preact';
import type { ClientOutcome } from '@espalier/core/protocol';
import { byteText, countText } from '../ui/format.js';
import { Figures } from '../ui/figures.js';
import { Notice } from '../ui/notice.js';
import { TryPanel } from '../try/try-panel.js';
import { again, end, figures, goOn, masks, tried, type JoinEnd } from './model.js';
import { MaskPictures } from './mask-pictures.js';

/** Shows how the session ended, the work done, and what can be done now. */
export function EndCard(): JSX.Element | null {
  const ended = end.value;
  if (!ended) return null;
  const { outcome } = ended;
  const lost = outcome.kind === 'failed' && outcome.code === 'connection_lost';
  return (
    <>
      <section class="card" data-state={outcome.kind}>
        <h2>{TITLES[outcome.kind]}</h2>
        <Notice warn={outcome.kind === 'failed'}>
          <p>{sentenceOf(outcome)}</p>
        </Notice>
        <Done ended={ended} />
        {outcome.kind !== 'finished' && (
          <div class="buttons">
            {lost && (
              <button type="button" class="primary" onClick={() => void goOn()}>
                Connect again
              </button>
            )}
            <button type="button" onClick={() => void again()}>
              Back to the start
            </button>
          </div>
        )}
      </section>
      {ended.final && tried.value && (
        <section class="card">
          <h2>Try the model</h2>
          <TryPanel tried={tried.value} />
        </section>
      )}
      <MaskPictures title={ended.final ? 'The final mask' : 'The last mask'} layers={masks.value} />
    </>
  );
}

const TITLES: Readonly<Record<ClientOutcome['kind'], string>> = {
  finished: 'The job is finished',
  stopped: 'You have left',
  failed: 'This tab can no longer take part',
};

function sentenceOf(outcome: ClientOutcome): string {
  switch (outcome.kind) {
    case 'finished':
      return 'Thank you. The work is done, and the final model has come to this tab.';
    case 'stopped':
      return 'The coordinator knows, and the others go on. Your images are forgotten here.';
    case 'failed':
      return `${outcome.message} [${outcome.code}]`;
  }
}

function Done({ ended: { final } }: { readonly ended: JoinEnd }): JSX.Element {
  const { updates, bytesUp, bytesDown } = figures.value;
  return (
    <>
      <Figures
        small
        items={[
          { label: 'Updates sent', value: countText(updates) },
          { label: 'Sent', value: byteText(bytesUp) },
          { label: 'Received', value: byteText(bytesDown) },
        ]}
      />
      {final && (
        <dl class="hashes">
          <dt>Final mask</dt>
          <dd>
            <code data-figure="mask-hash">{final.mask}</code>
          </dd>
          <dt>Final model</dt>
          <dd>
            <code data-figure="model-hash">{final.model}</code>
          </dd>
        </dl>
      )}
    </>
  );
}
