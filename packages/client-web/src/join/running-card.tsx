import type { JSX } from 'preact';
import { Bar } from '../ui/bar.js';
import { byteText, countText } from '../ui/format.js';
import { Figures } from '../ui/figures.js';
import { Notice } from '../ui/notice.js';
import type { SessionFigures } from '../work/session-messages.js';
import { figures, goOn, invitation, leave, losses, masks, pause, phase } from './model.js';
import { LossCurve } from './loss-curve.js';
import { MaskPictures } from './mask-pictures.js';

/** Shows the current work, with the buttons that pause and leave. */
export function RunningCard(): JSX.Element {
  const paused = phase.value === 'paused';
  const now = figures.value;
  return (
    <>
      <section class="card" data-state={paused ? 'paused' : stateName(now)}>
        <header>
          <h2>Taking part</h2>
          <StateOf paused={paused} now={now} />
        </header>
        {!paused && <Trouble now={now} />}
        <Progress now={now} paused={paused} />
        <Figures small items={items(now)} />
        <LossCurve losses={losses.value} />
        <div class="buttons">
          {paused ? (
            <button type="button" class="primary" onClick={() => void goOn()}>
              Go on
            </button>
          ) : (
            <button type="button" onClick={() => void pause()}>
              Pause
            </button>
          )}
          <button type="button" onClick={() => void leave()}>
            Leave
          </button>
          <p class="note">
            {paused
              ? 'Nothing is trained or sent. The others carry on. When you resume, this round starts over.'
              : 'You can use other tabs meanwhile. If this one is closed or reloaded, it comes back to the same place.'}
          </p>
        </div>
      </section>
      <MaskPictures title="The mask now" layers={masks.value} />
    </>
  );
}

function stateName({ connection, admitted }: SessionFigures): string {
  if (connection !== 'connected') return connection;
  return admitted ? 'working' : 'joining';
}

function StateOf({ paused, now }: { readonly paused: boolean; readonly now: SessionFigures }): JSX.Element {
  if (paused) return <span class="pill half">paused</span>;
  if (now.connection === 'lost') return <span class="pill bad">connection lost</span>;
  if (now.connection === 'connecting') return <span class="pill">connecting</span>;
  if (!now.admitted) return <span class="pill half">joining</span>;
  return <span class="pill on">{now.task === null ? 'waiting for the others' : TASKS[now.task]}</span>;
}

const TASKS = {
  canary: 'proving the device',
  moments: 'measuring the candidates',
  losses: 'judging the candidates',
  measure: 'measuring the model',
  train: 'training',
  evaluate: 'judging the final model',
} as const;

function Trouble({ now: { connection, note } }: { readonly now: SessionFigures }): JSX.Element | null {
  if (connection === 'lost') {
    return (
      <Notice warn>
        <p>
          The connection to the coordinator is lost. This tab keeps trying; what it has computed is not lost.
        </p>
      </Notice>
    );
  }
  if (note === null) return null;
  return (
    <Notice warn>
      <p>{note}</p>
    </Notice>
  );
}

function Progress({ now, paused }: { readonly now: SessionFigures; readonly paused: boolean }): JSX.Element {
  const { round, epoch, batch, batches, task } = now;
  const { rounds = 0, localEpochs = 1 } = invitation.value ?? {};
  const working = task === 'train' && batches > 0 && !paused;
  const share = working ? (epoch * batches + batch) / (localEpochs * batches) : 0;
  return (
    <div>
      <p>
        <strong data-figure="round">{roundText(round, rounds)}</strong>
        {working && ` · epoch ${epoch + 1} of ${localEpochs}, batch ${batch} of ${batches}`}
      </p>
      <Bar share={share} label="Progress of this round here" />
    </div>
  );
}

function roundText(round: number | null, rounds: number): string {
  if (rounds === 0) return 'Measuring the network';
  return round === null ? 'Before the first round' : `Round ${Math.min(round + 1, rounds)} of ${rounds}`;
}

function items(now: SessionFigures): readonly { readonly label: string; readonly value: string }[] {
  return [
    { label: 'Loss', value: now.loss === null ? '–' : now.loss.toFixed(3) },
    { label: 'Images a second', value: now.imagesPerSecond === null ? '–' : countText(now.imagesPerSecond) },
    { label: 'Updates sent', value: countText(now.updates) },
    { label: 'Sent', value: byteText(now.bytesUp) },
    { label: 'Received', value: byteText(now.bytesDown) },
    { label: 'Memory in use', value: now.memoryBytes === 0 ? '–' : byteText(now.memoryBytes) },
  ];
}
