/** Decodes a tab's images to the job's shape, off the main thread. */
import { fitImages } from '@espalier/client/data-formats';
import type { DecodeReport, DecodeRequest } from './decode-messages.js';

/** Images between two words about progress. */
const TELL_EVERY = 50;

self.onmessage = ({ data }: MessageEvent<DecodeRequest>) => {
  void decodeAll(data);
};

function tell(report: DecodeReport): void {
  self.postMessage(report);
}

async function decodeAll({ images, classes, imageShape }: DecodeRequest): Promise<void> {
  const [height, width, channels] = imageShape;
  const stride = height * width * channels;
  const pixels = new Uint8Array(images.length * stride);
  const labels: number[] = [];
  const broken: string[] = [];
  const canvas = new OffscreenCanvas(width, height);
  for (const [at, { file, path, label }] of images.entries()) {
    const image = await decode(file, canvas);
    if (image) {
      pixels.set(fitImages(image, [height, width, 3], imageShape), labels.length * stride);
      labels.push(label);
    } else broken.push(path);
    if (at % TELL_EVERY === 0) tell({ kind: 'progress', done: at });
  }
  const dataset = {
    imageShape,
    classes,
    images: pixels.slice(0, labels.length * stride),
    labels: Uint16Array.from(labels),
  };
  tell({ kind: 'done', dataset, broken });
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
