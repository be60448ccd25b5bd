import { signal, type Signal } from '@preact/signals';
import type { TriedModel, TryReport, TryRequest } from './try-messages.js';

/** Result for the last image. */
export type TryResult = Extract<TryReport, { kind: 'result' }>;

/** A model on its way. */
export interface Arriving {
  readonly bytes: number;
  /** Null where nobody said. */
  readonly total: number | null;
}

/** A model that can be tried, in a worker of its own. */
export interface TryModel {
  readonly model: Signal<TriedModel | null>;
  readonly result: Signal<TryResult | null>;
  readonly problem: Signal<string>;
  /** Part of the model that has arrived; null before and after. */
  readonly arriving: Signal<Arriving | null>;
  load(bundle: Uint8Array): void;
  /** Hands every chunk on as it arrives; settles when all have. */
  loadStream(body: ReadableStream<Uint8Array>, total: number | null): Promise<void>;
  classify(image: ImageBitmapSource): Promise<void>;
}

/** Starts the worker, so that it is there before it is needed: a coordinator that has ended serves no more files. */
export function createTryModel(): TryModel {
  const model = signal<TriedModel | null>(null);
  const result = signal<TryResult | null>(null);
  const problem = signal('');
  const arriving = signal<Arriving | null>(null);
  const worker = new Worker(new URL('./try-worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<TryReport>) => {
    if (data.kind === 'arrived') {
      arriving.value = arriving.value && { ...arriving.value, bytes: data.bytes };
      return;
    }
    if (data.kind === 'result') {
      result.value = data;
      return;
    }
    arriving.value = null;
    if (data.kind === 'model') model.value = data.model;
    else problem.value = data.sentence;
  };
  const post = (request: TryRequest, transfer: Transferable[] = []): void => {
    worker.postMessage(request, transfer);
  };
  const announce = (total: number | null): void => {
    problem.value = '';
    arriving.value = { bytes: 0, total };
    post({ kind: 'model' });
  };
  return {
    model,
    result,
    problem,
    arriving,
    load: (bundle) => {
      announce(bundle.length);
      post({ kind: 'chunk', bytes: bundle });
      post({ kind: 'chunk', bytes: null });
    },
    loadStream: async (body, total) => {
      announce(total);
      const reader = body.getReader();
      // A connection that breaks ends the model where it is, and the worker says that it is cut short.
      for (;;) {
        const { value } = await reader.read().catch(() => ({ value: undefined }));
        post({ kind: 'chunk', bytes: value ?? null }, value ? [value.buffer] : []);
        if (value === undefined) return;
        if (problem.value !== '') return reader.cancel();
      }
    },
    classify: async (image) => {
      const bitmap = await createImageBitmap(image).catch(() => null);
      problem.value = bitmap
        ? ''
        : 'That file is damaged or is not an image the browser can read. Try a JPEG or PNG.';
      if (bitmap) post({ kind: 'image', bitmap }, [bitmap]);
    },
  };
}
