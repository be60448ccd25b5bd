import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { imageBytes, type Dataset } from '@espalier/core';
import { countText } from '../ui/format.js';

/** Thumbnails a class. */
const SHOWN = 4;

/** Shows the number of images of each class, and a few of them as the network will see them. */
export function ClassList({ dataset }: { readonly dataset: Dataset }): JSX.Element {
  const byClass = useMemo(() => positionsByClass(dataset), [dataset]);
  return (
    <ul class="classes">
      {dataset.classes.map((name, label) => {
        const positions = byClass[label] ?? [];
        return (
          <li key={name}>
            <h3>
              {name}{' '}
              <span class="count">{positions.length === 0 ? 'none' : countText(positions.length)}</span>
            </h3>
            <div class="thumbs">
              {positions.slice(0, SHOWN).map((position) => (
                <Thumbnail key={position} dataset={dataset} position={position} />
              ))}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function positionsByClass({ labels, classes }: Dataset): readonly (readonly number[])[] {
  const positions = classes.map((): number[] => []);
  for (const [position, label] of labels.entries()) positions[label]?.push(position);
  return positions;
}

function Thumbnail({
  dataset,
  position,
}: {
  readonly dataset: Dataset;
  readonly position: number;
}): JSX.Element {
  const place = useRef<HTMLCanvasElement>(null);
  const [height, width, channels] = dataset.imageShape;
  useEffect(() => {
    const context = place.current?.getContext('2d');
    if (!context) return;
    const stride = imageBytes(dataset);
    const image = dataset.images.subarray(position * stride, (position + 1) * stride);
    const pixels = context.createImageData(width, height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        pixels.data[4 * pixel + channel] = image[pixel * channels + Math.min(channel, channels - 1)] ?? 0;
      }
      pixels.data[4 * pixel + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
  }, [dataset, position]);
  return <canvas ref={place} width={width} height={height} aria-hidden="true" />;
}
