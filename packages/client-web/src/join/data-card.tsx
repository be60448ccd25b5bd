import { useSignal, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Invitation } from '@espalier/core/report';
import { countText, plural } from '../ui/format.js';
import { Notice } from '../ui/notice.js';
import { ClassList } from './class-list.js';
import { droppedImages, type ImageSource } from './collect-files.js';
import { DropZone } from './drop-zone.js';
import type { ImageReport } from './image-messages.js';
import { LooseImages } from './loose-images.js';
import { choose, data, invitation } from './model.js';
import { ProceduralChoice } from './procedural-choice.js';
import { readImages, type ImageReading } from './read-images.js';
import { listed } from './sort-files.js';

/** Progress of reading a choice; null when none is being read. */
type Progress = 'listing' | { readonly done: number; readonly total: number } | null;

/** State of the card's last choice. */
interface DataCardState {
  readonly reading: Signal<ImageReading | null>;
  readonly progress: Signal<Progress>;
  readonly remarks: Signal<readonly string[]>;
  /** Images in no folder that nobody has said anything about yet. */
  readonly loose: Signal<number>;
}

/** Choose images: a folder per class, single files, or the procedural sample; then see what was understood. */
export function DataCard(): JSX.Element | null {
  const state = useCardState();
  const job = invitation.value;
  if (!job) return null;
  const take = (source: Promise<ImageSource>): void => {
    takeImages(source, job, state);
  };
  return (
    <section class="card">
      <header>
        <h2>1. Your images</h2>
        {data.value && <p class="note">{data.value.chosen}</p>}
      </header>
      {job.data.kind === 'procedural' ? (
        <ProceduralChoice job={job} />
      ) : (
        <DropZone
          classes={job.classes}
          onDrop={(transfer) => {
            take(droppedImages(transfer));
          }}
          onPick={(source) => {
            take(Promise.resolve(source));
          }}
        />
      )}
      {state.progress.value && (
        <ReadingBar
          progress={state.progress.value}
          onCancel={() => {
            state.reading.value?.cancel();
            state.progress.value = null;
          }}
        />
      )}
      {state.loose.value > 0 && (
        <LooseImages
          count={state.loose.value}
          classes={job.classes}
          onClass={(label) => {
            state.loose.value = 0;
            state.reading.value?.useLoose(label);
          }}
        />
      )}
      {state.remarks.value.length > 0 && (
        <Notice warn>
          {state.remarks.value.map((remark) => (
            <p key={remark}>{remark}</p>
          ))}
        </Notice>
      )}
      {data.value && <ClassList dataset={data.value.dataset} />}
    </section>
  );
}

function useCardState(): DataCardState {
  const state: DataCardState = {
    reading: useSignal(null),
    progress: useSignal(null),
    remarks: useSignal([]),
    loose: useSignal(0),
  };
  useEffect(() => () => state.reading.value?.cancel(), []);
  return state;
}

function ReadingBar({
  progress,
  onCancel,
}: {
  readonly progress: Exclude<Progress, null>;
  readonly onCancel: () => void;
}): JSX.Element {
  const counted = progress !== 'listing' && progress;
  return (
    <div role="status">
      <p class="note">
        {counted
          ? `Reading ${countText(counted.done)} of ${plural(counted.total, 'image')} …`
          : 'Looking through the files …'}
      </p>
      <div class="bar">
        <i style={{ width: counted ? `${(100 * counted.done) / counted.total}%` : '0%' }} />
      </div>
      <div class="buttons">
        <button type="button" class="plain" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </div>
  );
}

/** A later choice ends an earlier one. */
function takeImages(source: Promise<ImageSource>, job: Invitation, state: DataCardState): void {
  state.reading.value?.cancel();
  state.remarks.value = [];
  state.loose.value = 0;
  state.progress.value = 'listing';
  const { classes, imageShape } = job;
  state.reading.value = readImages(source, { classes, imageShape }, (report) => {
    hear(report, state);
  });
}

const UNREADABLE = 'The browser could not read that folder. Look at its permissions, then choose it again.';

function hear(report: ImageReport, state: DataCardState): void {
  switch (report.kind) {
    case 'sorted':
      state.remarks.value = report.remarks;
      state.loose.value = report.loose;
      state.progress.value = report.images > 0 ? { done: 0, total: report.images } : null;
      return;
    case 'unreadable':
      state.remarks.value = [UNREADABLE];
      state.progress.value = null;
      return;
    case 'progress':
      state.progress.value = report;
      return;
    case 'done':
      state.progress.value = null;
      show(report, state);
  }
}

function show({ dataset, broken }: Extract<ImageReport, { kind: 'done' }>, state: DataCardState): void {
  if (broken.length > 0) {
    const sentence = `${plural(broken.length, 'image')} left out that ${broken.length === 1 ? 'is' : 'are'} damaged or no image at all: ${listed(broken)}.`;
    state.remarks.value = [...state.remarks.value, sentence];
  }
  if (dataset.labels.length === 0) return;
  void choose({ dataset, part: null, chosen: `${plural(dataset.labels.length, 'image')} of your own` });
}
