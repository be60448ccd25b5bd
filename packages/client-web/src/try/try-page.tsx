import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import { readModel } from '../seat/seat-store.js';
import { askAdmin } from '../ui/admin-token.js';
import { Masthead } from '../ui/masthead.js';
import { Notice } from '../ui/notice.js';
import { createTryModel, type TryModel } from './try-model.js';
import { TryPanel } from './try-panel.js';

type Source = 'looking' | 'coordinator' | 'kept' | 'none';

/** The page that tries the model: the coordinator's, or the last one that this browser helped to train. */
export function TryPage(): JSX.Element {
  const tried = useMemo(createTryModel, []);
  const source = useSignal<Source>('looking');
  useEffect(() => void find(tried, source), []);
  return (
    <main class="page try">
      <Masthead here="try" />
      <header>
        <h1>Try the model</h1>
        <p class="lead">{LEADS[source.value]}</p>
      </header>
      {source.value === 'none' && <NoModel />}
      {(source.value === 'coordinator' || source.value === 'kept') && (
        <section class="card">
          <TryPanel tried={tried} />
        </section>
      )}
    </main>
  );
}

const LEADS: Readonly<Record<Source, string>> = {
  looking: 'Looking for a model …',
  coordinator: 'The model as the coordinator has it. It runs in this tab; your image goes nowhere.',
  kept: 'The final model of the job that this browser took part in. It runs in this tab; your image goes nowhere.',
  none: 'There is no model to try here yet.',
};

function NoModel(): JSX.Element {
  return (
    <Notice>
      <p>
        Take part in the job until its end, and its model stays in this browser. Whoever runs the job finds a
        link with the admin token on the coordinator, and may come back here from the{' '}
        <a href="/">dashboard</a>.
      </p>
    </Notice>
  );
}

async function find(tried: TryModel, source: Signal<Source>): Promise<void> {
  const response = await askAdmin('/api/model').catch(() => null);
  if (response?.ok === true && response.body) {
    source.value = 'coordinator';
    const total = Number(response.headers.get('content-length') ?? NaN);
    await tried.loadStream(response.body, Number.isFinite(total) ? total : null);
    return;
  }
  const kept = await readModel();
  if (kept) tried.load(kept);
  source.value = kept ? 'kept' : 'none';
}
