import type { DecodeReport, DecodeRequest } from './decode-messages.js';
import type { ClassImage } from './sort-files.js';

/** Files handed to the worker at once: each costs the main thread a little. */
const PORTION = 64;

/** What could be decoded. */
export type Decoded = Extract<DecodeReport, { kind: 'done' }>;

/** What is to be decoded, and to which shape. */
export interface DecodeWish {
  readonly images: readonly ClassImage[];
  readonly classes: readonly string[];
  readonly imageShape: readonly [number, number, number];
}

/** A decoding under way. */
export interface Decoding {
  /** Null when it was cancelled. */
  readonly result: Promise<Decoded | null>;
  readonly cancel: () => void;
}

/** Decodes images in a worker; `progress` is told how many are done, now and then. */
export function decodeImages(
  { images, classes, imageShape }: DecodeWish,
  progress: (done: number) => void,
): Decoding {
  const worker = new Worker(new URL('./decode-worker.ts', import.meta.url), { type: 'module' });
  const post = (request: DecodeRequest): void => {
    worker.postMessage(request);
  };
  const postFrom = (at: number): void => {
    post({ kind: 'images', images: images.slice(at, at + PORTION) });
  };
  let finish: (result: Decoded | null) => void = () => undefined;
  const result = new Promise<Decoded | null>((resolve) => (finish = resolve));
  worker.onmessage = ({ data }: MessageEvent<DecodeReport>) => {
    if (data.kind === 'progress') {
      progress(data.done);
      postFrom(data.done);
    } else {
      worker.terminate();
      finish(data);
    }
  };
  post({ kind: 'begin', total: images.length, classes, imageShape });
  postFrom(0);
  return {
    result,
    cancel: () => {
      worker.terminate();
      finish(null);
    },
  };
}
