import type { JSX } from 'preact';
import { byteText, durationText } from '../ui/format.js';
import { Notice } from '../ui/notice.js';
import { offeredBackends, type BackendName, type TrainerChoice } from '../work/backends.js';
import type { DeviceReport } from '../check/device-check.js';
import { check, checkAgain, choice, data, invitation } from './model.js';

const MEBI = 2 ** 20;
const BUDGETS = [64, 128, 256, 512, 1024, 2048].map((each) => each * MEBI);

/** Shows the backend that this device trains with, and whether it can take part. */
export function DeviceCard(): JSX.Element {
  return (
    <section class="card">
      <h2>2. Your device</h2>
      <Verdict />
      {!crossOriginIsolated && (
        <p class="note">
          Over plain HTTP the tab trains on one thread. Over HTTPS it could use several cores.
        </p>
      )}
      <Settings />
    </section>
  );
}

function BackendField(): JSX.Element {
  const { backend } = choice.value;
  return (
    <label class="field">
      Trains with
      <select
        value={backend}
        onChange={({ currentTarget }) => {
          change({ backend: currentTarget.value as BackendName });
        }}
      >
        {offeredBackends().map(({ name, label, missing }) => (
          <option key={name} value={name} disabled={missing !== null}>
            {missing === null ? label : `${label}: ${missing}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function MemoryField(): JSX.Element {
  const { memoryBudget } = choice.value;
  return (
    <label class="field">
      Memory it may use
      <select
        value={memoryBudget}
        onChange={({ currentTarget }) => {
          change({ memoryBudget: Number(currentTarget.value) });
        }}
      >
        {[...new Set([...BUDGETS, memoryBudget])]
          .sort((a, b) => a - b)
          .map((bytes) => (
            <option key={bytes} value={bytes}>
              {bytes >= 1024 * MEBI ? `${bytes / MEBI / 1024} GB` : `${Math.round(bytes / MEBI)} MB`}
            </option>
          ))}
      </select>
    </label>
  );
}

function ThreadsField(): JSX.Element {
  const { backend, threads } = choice.value;
  const cores = crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1;
  return (
    <label class="field">
      Threads of the engine
      <select
        value={threads}
        disabled={cores === 1 || backend !== 'engine'}
        onChange={({ currentTarget }) => {
          change({ threads: Number(currentTarget.value) });
        }}
      >
        {Array.from({ length: cores }, (_, at) => (
          <option key={at} value={at + 1}>
            {at + 1}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Another choice of trainer is checked anew. */
function change(changed: Partial<TrainerChoice>): void {
  choice.value = { ...choice.value, ...changed };
  void checkAgain();
}

function Settings(): JSX.Element {
  return (
    <details>
      <summary>Settings</summary>
      <div class="fields">
        <BackendField />
        <MemoryField />
        <ThreadsField />
      </div>
    </details>
  );
}

function Verdict(): JSX.Element {
  const report = check.value;
  if (report === null) return <p class="note">It is checked as soon as you have chosen images.</p>;
  if (report === 'running') {
    return (
      <p class="note" role="status">
        Checking: a test network, then a few batches of the job's own …
      </p>
    );
  }
  if (report.problem !== null) {
    return (
      <Notice warn>
        <p>{report.problem}</p>
      </Notice>
    );
  }
  return (
    <Notice>
      <p>
        <strong>This device can take part.</strong> {sentenceOf(report)}
      </p>
    </Notice>
  );
}

function sentenceOf({ backend, memoryBytes, millisecondsPerImage }: DeviceReport): string {
  const images = data.value?.dataset.labels.length ?? 0;
  const epochs = invitation.value?.localEpochs ?? 1;
  const round = (images * epochs * millisecondsPerImage) / 1000;
  return `It trains with ${backend}, ${millisecondsPerImage.toFixed(2)} ms an image and ${byteText(memoryBytes)} of memory: about ${durationText(round)} a round with your images.`;
}
