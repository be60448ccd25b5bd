import type { ImageSource } from './collect-files.js';
import type { ImageFrame, ImageReport, ImageRequest } from './image-messages.js';

/** Images being listed, sorted and decoded in a worker. */
export interface ImageReading {
  /** Takes the images that lie in no folder too: they all show that class. */
  useLoose(label: number): void;
  /** Ends it; nothing is reported any more. */
  cancel(): void;
}

/** Reads images to the frame's shape, off the main thread; what comes of it is told as it comes. */
export function readImages(
  source: Promise<ImageSource>,
  frame: ImageFrame,
  report: (report: ImageReport) => void,
): ImageReading {
  const worker = new Worker(new URL('./image-worker.ts', import.meta.url), { type: 'module' });
  let open = true;
  worker.onmessage = ({ data }: MessageEvent<ImageReport>) => {
    if (open) report(data);
  };
  const post = (request: ImageRequest): void => {
    worker.postMessage(request);
  };
  post({ kind: 'begin', frame });
  void hand(source, post).catch(() => {
    if (open) report({ kind: 'unreadable' });
  });
  return {
    useLoose: (label) => {
      post({ kind: 'loose', label });
    },
    cancel: () => {
      open = false;
      worker.terminate();
    },
  };
}

async function hand(source: Promise<ImageSource>, post: (request: ImageRequest) => void): Promise<void> {
  const found = await source;
  if (found.kind === 'handles') {
    post(found);
    return;
  }
  for await (const files of found.portions) post({ kind: 'files', files });
  post({ kind: 'listed' });
}
