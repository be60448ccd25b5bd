import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { Bar } from '../ui/bar.js';
import { byteText, countText, percent } from '../ui/format.js';
import { Figures } from '../ui/figures.js';
import { Notice } from '../ui/notice.js';
import { DrawingBoard } from './drawing-board.js';
import type { Arriving, TryModel, TryResult } from './try-model.js';
import type { TriedModel } from './try-messages.js';

/** Drop, choose or draw an image, and see what the sparse model takes it for. */
export function TryPanel({ tried }: { readonly tried: TryModel }): JSX.Element {
  const model = tried.model.value;
  return (
    <>
      {tried.problem.value !== '' && (
        <Notice warn>
          <p>{tried.problem.value}</p>
        </Notice>
      )}
      {tried.arriving.value && <Arrival {...tried.arriving.value} />}
      {model && <Figures small items={modelFigures(model, tried.result.value)} />}
      {model && (
        <div class="split">
          <ImageInput tried={tried} />
          <Answer model={model} result={tried.result.value} />
        </div>
      )}
    </>
  );
}

function Arrival({ bytes, total }: Arriving): JSX.Element {
  const share = total === null || total === 0 ? 0 : Math.min(1, bytes / total);
  return (
    <div>
      <p class="note" data-figure="arrived" data-bytes={bytes}>
        {total === null
          ? `${byteText(bytes)} of the model are here`
          : `${byteText(bytes)} of the model's ${byteText(total)} are here`}
      </p>
      <Bar share={share} label="The model on its way" />
    </div>
  );
}

function modelFigures(model: TriedModel, result: TryResult | null) {
  const { bytes, denseBytes, density, parameters, activeParameters } = model;
  return [
    {
      name: 'model-file',
      label: 'Model file',
      value: byteText(bytes),
      hint: `dense: ${byteText(denseBytes)}`,
    },
    { label: 'Weights', value: countText(activeParameters), hint: `of ${countText(parameters)}` },
    { label: 'Density', value: percent(density) },
    {
      label: 'Time an image',
      value: result ? `${result.milliseconds.toFixed(2)} ms` : '–',
      hint: 'here, one thread',
    },
  ];
}

function ImageInput({ tried }: { readonly tried: TryModel }): JSX.Element {
  const over = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (file: File | undefined): void => {
    if (file) void tried.classify(file);
  };
  return (
    <div
      class={over.value ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => {
        over.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        take(event.dataTransfer?.files[0]);
      }}
    >
      <p>
        <strong>Drop an image</strong>, or draw one
      </p>
      <DrawingBoard onDrawn={(board) => void tried.classify(board)}>
        <button type="button" onClick={() => input.current?.click()}>
          Choose an image
        </button>
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          accept="image/*"
          tabIndex={-1}
          aria-label="Image to classify"
          onChange={({ currentTarget }) => {
            take(currentTarget.files?.[0]);
            currentTarget.value = '';
          }}
        />
      </DrawingBoard>
    </div>
  );
}

/** Classes shown: the likeliest. */
const SHOWN = 5;

function Answer({
  model,
  result,
}: {
  readonly model: TriedModel;
  readonly result: TryResult | null;
}): JSX.Element {
  if (!result) return <p class="empty">Add an image to see the answer here.</p>;
  const ranked = model.classes
    .map((name, label) => ({ name, share: result.probabilities[label] ?? 0 }))
    .sort((a, b) => b.share - a.share);
  return (
    <div class="answer" role="status">
      <div class="seen">
        <Seen model={model} result={result} />
        <p>
          <span class="note">It takes this for</span>
          <strong data-figure="answer">{ranked[0]?.name}</strong>
        </p>
      </div>
      <ul class="ranks">
        {ranked.slice(0, SHOWN).map(({ name, share }) => (
          <li key={name}>
            <span>
              {name} <b>{percent(share)}</b>
            </span>
            <div class="bar">
              <i style={{ width: `${100 * share}%` }} />
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The image as the network saw it. */
function Seen({ model, result }: { readonly model: TriedModel; readonly result: TryResult }): JSX.Element {
  const place = useRef<HTMLCanvasElement>(null);
  const [height, width] = model.imageShape;
  useEffect(() => {
    place.current?.getContext('2d')?.putImageData(new ImageData(result.seen, width, height), 0, 0);
  }, [result]);
  return (
    <canvas
      ref={place}
      width={width}
      height={height}
      role="img"
      aria-label="The image as the network saw it"
    />
  );
}
