/** Decodes a tab's images to the job's shape, off the main thread. */
import { fitImages } from '@espalier/client/data-formats';
import type { DecodeReport, DecodeRequest } from './decode-messages.js';
import type { ClassImage } from './sort-files.js';

let decoder: Decoder | null = null;

self.onmessage = ({ data }: MessageEvent<DecodeRequest>) => {
  if (data.kind === 'begin') decoder = new Decoder(data);
  else void decoder?.take(data.images);
};

function tell(report: DecodeReport): void {
  self.postMessage(report);
}

/** Images of one choice, decoded portion by portion. */
class Decoder {
  readonly #frame: Extract<DecodeRequest, { kind: 'begin' }>;
  readonly #canvas: OffscreenCanvas;
  readonly #pixels: Uint8Array;
  readonly #labels: number[] = [];
  readonly #broken: string[] = [];

  constructor(frame: Extract<DecodeRequest, { kind: 'begin' }>) {
    const [height, width, channels] = frame.imageShape;
    this.#frame = frame;
    this.#canvas = new OffscreenCanvas(width, height);
    this.#pixels = new Uint8Array(frame.total * height * width * channels);
  }

  async take(images: readonly ClassImage[]): Promise<void> {
    const [height, width, channels] = this.#frame.imageShape;
    for (const { file, path, label } of images) {
      const image = await decode(file, this.#canvas);
      if (image) {
        const fitted = fitImages(image, [height, width, 3], this.#frame.imageShape);
        this.#pixels.set(fitted, this.#labels.length * height * width * channels);
        this.#labels.push(label);
      } else this.#broken.push(path);
    }
    const done = this.#labels.length + this.#broken.length;
    if (done < this.#frame.total) tell({ kind: 'progress', done });
    else this.#finish();
  }

  #finish(): void {
    const { imageShape, classes } = this.#frame;
    const [height, width, channels] = imageShape;
    const images = this.#pixels.slice(0, this.#labels.length * height * width * channels);
    const dataset = { imageShape, classes, images, labels: Uint16Array.from(this.#labels) };
    // Handed over and not copied: thousands of images are more than a page copies unnoticed.
    self.postMessage({ kind: 'done', dataset, broken: this.#broken } satisfies DecodeReport, {
      transfer: [images.buffer],
    });
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
