import type { DecodeReport, DecodeRequest } from './decode-messages.js';

/** What could be decoded. */
export type Decoded = Extract<DecodeReport, { kind: 'done' }>;

/** A decoding under way. */
export interface Decoding {
  /** Null when it was cancelled. */
  readonly result: Promise<Decoded | null>;
  readonly cancel: () => void;
}

/** Decodes images in a worker; `progress` is told how many are done, now and then. */
export function decodeImages(request: DecodeRequest, progress: (done: number) => void): Decoding {
  const worker = new Worker(new URL('./decode-worker.ts', import.meta.url), { type: 'module' });
  let finish: (result: Decoded | null) => void = () => undefined;
  const result = new Promise<Decoded | null>((resolve) => (finish = resolve));
  worker.onmessage = ({ data }: MessageEvent<DecodeReport>) => {
    if (data.kind === 'progress') progress(data.done);
    else {
      worker.terminate();
      finish(data);
    }
  };
  worker.postMessage(request);
  return {
    result,
    cancel: () => {
      worker.terminate();
      finish(null);
    },
  };
}
