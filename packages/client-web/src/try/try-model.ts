import { signal, type Signal } from '@preact/signals';
import type { TriedModel, TryReport, TryRequest } from './try-messages.js';

/** What came of the last image. */
export type TryResult = Extract<TryReport, { kind: 'result' }>;

/** A model that can be tried, in a worker of its own. */
export interface TryModel {
  readonly model: Signal<TriedModel | null>;
  readonly result: Signal<TryResult | null>;
  readonly problem: Signal<string>;
  load(bundle: Uint8Array): void;
  classify(image: ImageBitmapSource): Promise<void>;
}

/** Starts the worker, so that it is there before it is needed: a coordinator that has ended serves no more files. */
export function createTryModel(): TryModel {
  const model = signal<TriedModel | null>(null);
  const result = signal<TryResult | null>(null);
  const problem = signal('');
  const worker = new Worker(new URL('./try-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<TryReport>) => {
    if (data.kind === 'model') model.value = data.model;
    else if (data.kind === 'result') result.value = data;
    else problem.value = data.sentence;
  };
  const post = (request: TryRequest, transfer: Transferable[] = []): void => {
    worker.postMessage(request, transfer);
  };
  return {
    model,
    result,
    problem,
    load: (bundle) => {
      post({ kind: 'model', bundle });
    },
    classify: async (image) => {
      const bitmap = await createImageBitmap(image).catch(() => null);
      problem.value = bitmap
        ? ''
        : 'That file is damaged, or no image that a browser can read. Try a JPEG or PNG.';
      if (bitmap) post({ kind: 'image', bitmap }, [bitmap]);
    },
  };
}
