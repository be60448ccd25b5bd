import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Invitation } from '@espalier/core';
import { countText, plural } from '../ui/format.js';
import { Notice } from '../ui/notice.js';
import { ClassList } from './class-list.js';
import { droppedFiles, pickedFiles } from './collect-files.js';
import { decodeImages, type Decoding } from './decode.js';
import { DropZone } from './drop-zone.js';
import { LooseImages } from './loose-images.js';
import { choose, data, invitation } from './model.js';
import { ProceduralChoice } from './procedural-choice.js';
import { leftOut, listed, sortFiles, type ClassImage, type FoundFile } from './sort-files.js';

/** Images being read. */
interface Reading {
  readonly done: number;
  readonly total: number;
  readonly decoding: Decoding;
}

/** What the card remembers of the last choice. */
export interface DataCardState {
  readonly reading: Signal<Reading | null>;
  readonly remarks: Signal<readonly string[]>;
  readonly loose: Signal<readonly FoundFile[]>;
  /** The choice whose files are being listed; the last one counts. */
  readonly listing: Signal<object | null>;
}

/** Choose images: a folder per class, single files, or the procedural sample; then see what was understood. */
export function DataCard(): JSX.Element | null {
  const state: DataCardState = {
    reading: useSignal(null),
    remarks: useSignal([]),
    loose: useSignal([]),
    listing: useSignal(null),
  };
  const job = invitation.value;
  if (!job) return null;
  const take = (files: Promise<readonly FoundFile[]>): Promise<void> => takeFiles(files, job, state);
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
          onDrop={(transfer) => void take(droppedFiles(transfer))}
          onPick={(files) => {
            const found = pickedFiles(files);
            void take(found);
            return found.then(() => undefined);
          }}
        />
      )}
      {state.listing.value && (
        <p class="note" role="status">
          Looking through the files …
        </p>
      )}
      {state.reading.value && <ReadingBar reading={state.reading.value} />}
      {state.loose.value.length > 0 && (
        <LooseImages
          count={state.loose.value.length}
          classes={job.classes}
          onClass={(label) => {
            const images = state.loose.value.map(({ path, file }) => ({ path, file, label }));
            state.loose.value = [];
            void decode(images, job, state);
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

function ReadingBar({ reading: { done, total, decoding } }: { readonly reading: Reading }): JSX.Element {
  return (
    <div role="status">
      <p class="note">{`Reading ${countText(done)} of ${plural(total, 'image')} …`}</p>
      <div class="bar">
        <i style={{ width: `${(100 * done) / total}%` }} />
      </div>
      <div class="buttons">
        <button type="button" class="plain" onClick={decoding.cancel}>
          Cancel
        </button>
      </div>
    </div>
  );
}

async function takeFiles(
  found: Promise<readonly FoundFile[]>,
  job: Invitation,
  state: DataCardState,
): Promise<void> {
  const own = {};
  state.listing.value = own;
  const files = await found.catch(() => null);
  const sorted = files && (await sortFiles(files, job.classes));
  if (state.listing.value !== own) return;
  state.listing.value = null;
  state.remarks.value = sorted ? leftOut(sorted, job.classes) : [UNREADABLE];
  state.loose.value = sorted?.loose ?? [];
  if (sorted && sorted.images.length > 0) await decode(sorted.images, job, state);
}

const UNREADABLE = 'The browser could not read that folder. Choose it again, or look at its permissions.';

async function decode(images: readonly ClassImage[], job: Invitation, state: DataCardState): Promise<void> {
  state.reading.value?.decoding.cancel();
  const { classes, imageShape } = job;
  const decoding = decodeImages({ images, classes, imageShape }, (done) => {
    if (state.reading.value?.decoding === decoding)
      state.reading.value = { done, total: images.length, decoding };
  });
  state.reading.value = { done: 0, total: images.length, decoding };
  const result = await decoding.result;
  if (state.reading.value.decoding === decoding) state.reading.value = null;
  if (!result) return;
  const { dataset, broken } = result;
  if (broken.length > 0) {
    const sentence = `${plural(broken.length, 'image')} left out that ${broken.length === 1 ? 'is' : 'are'} damaged or no image at all: ${listed(broken)}.`;
    state.remarks.value = [...state.remarks.value, sentence];
  }
  if (dataset.labels.length === 0) return;
  await choose({ dataset, part: null, chosen: `${plural(dataset.labels.length, 'image')} of your own` });
}
