/** Lists, sorts and decodes a tab's images, off the main thread. */
import { fitImages } from '@espalier/client/data-formats';
import { filesUnder } from './files-under.js';
import type { ImageFrame, ImageReport, ImageRequest } from './image-messages.js';
import { leftOut, sortFiles, type ClassImage, type FoundFile, type SortedFiles } from './sort-files.js';

let choice: Choice | null = null;

self.onmessage = ({ data }: MessageEvent<ImageRequest>) => {
  if (data.kind === 'begin') choice = new Choice(data.frame);
  else void choice?.take(data);
};

function tell(report: ImageReport, transfer: Transferable[] = []): void {
  self.postMessage(report, { transfer });
}

/** Images between messages of progress. */
const TELL_EVERY = 64;

/** One choice of images. */
class Choice {
  readonly #frame: ImageFrame;
  readonly #found: FoundFile[] = [];
  #sorted: SortedFiles | null = null;

  constructor(frame: ImageFrame) {
    this.#frame = frame;
  }

  async take(request: Exclude<ImageRequest, { kind: 'begin' }>): Promise<void> {
    switch (request.kind) {
      case 'files':
        this.#found.push(...request.files);
        return;
      case 'handles':
        try {
          this.#found.push(...(await filesUnder(request.handles)));
        } catch {
          tell({ kind: 'unreadable' });
          return;
        }
        await this.#sort();
        return;
      case 'listed':
        await this.#sort();
        return;
      case 'loose': {
        const { images = [], loose = [] } = this.#sorted ?? {};
        await this.#decode([...images, ...loose.map((one) => ({ ...one, label: request.label }))]);
      }
    }
  }

  async #sort(): Promise<void> {
    const { classes } = this.#frame;
    // In whatever order a disk lists them, the same files are the same data.
    this.#found.sort((a, b) => (a.path < b.path ? -1 : 1));
    this.#sorted = sortFiles(this.#found, classes);
    const { images, loose } = this.#sorted;
    const remarks = leftOut(this.#sorted, classes);
    tell({ kind: 'sorted', remarks, images: images.length, loose: loose.length });
    if (images.length > 0) await this.#decode(images);
  }

  async #decode(images: readonly ClassImage[]): Promise<void> {
    const { imageShape, classes } = this.#frame;
    const [height, width, channels] = imageShape;
    const canvas = new OffscreenCanvas(width, height);
    const stride = height * width * channels;
    const pixels = new Uint8Array(images.length * stride);
    const labels: number[] = [];
    const broken: string[] = [];
    for (const { file, path, label } of images) {
      const image = await decode(file, canvas);
      if (image) {
        pixels.set(fitImages(image, [height, width, 3], imageShape), labels.length * stride);
        labels.push(label);
      } else broken.push(path);
      const done = labels.length + broken.length;
      if (done % TELL_EVERY === 0) tell({ kind: 'progress', done, total: images.length });
    }
    const whole = pixels.slice(0, labels.length * stride);
    const dataset = { imageShape, classes, images: whole, labels: Uint16Array.from(labels) };
    // Handed over and not copied: thousands of images are more than a page copies unnoticed.
    tell({ kind: 'done', dataset, broken }, [whole.buffer]);
  }
}

/** Colour bytes of the image at the canvas's size, on black where it is transparent; null for a damaged one. */
async function decode(file: File, canvas: OffscreenCanvas): Promise<Uint8Array | null> {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap || !context) return null;
  const { width, height } = canvas;
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const colour = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    colour.set(data.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
  }
  return colour;
}
