import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { onColorScheme, pageColors } from '../ui/colors.js';
import { countText, percent } from '../ui/format.js';
import type { LayerPicture } from '../work/mask-picture.js';

/** The current mask, layer by layer: coloured where weights are active. */
export function MaskPictures({
  title,
  layers,
}: {
  readonly title: string;
  readonly layers: readonly LayerPicture[];
}): JSX.Element | null {
  const active = layers.reduce((sum, layer) => sum + layer.active, 0);
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  if (size === 0) return null;
  return (
    <section class="card">
      <header>
        <h2>{title}</h2>
        <p class="note">{`${countText(active)} of ${countText(size)} weights, ${percent(active / size)}`}</p>
      </header>
      <ul class="masks">
        {layers.map((layer) => (
          <Picture key={layer.name} layer={layer} />
        ))}
      </ul>
      <p class="note">
        Inputs across, output channels down; the stronger a spot, the more of its weights are active.
      </p>
    </section>
  );
}

function Picture({ layer }: { readonly layer: LayerPicture }): JSX.Element {
  const place = useRef<HTMLCanvasElement>(null);
  const scheme = useSignal(0);
  useEffect(
    () =>
      onColorScheme(() => {
        scheme.value++;
      }),
    [],
  );
  const { name, active, size, width, height, cells } = layer;
  useEffect(() => {
    const context = place.current?.getContext('2d');
    if (!context) return;
    const { empty, accent } = pageColors();
    context.fillStyle = empty;
    context.fillRect(0, 0, width, height);
    context.fillStyle = accent;
    for (const [at, cell] of cells.entries()) {
      if (cell === 0) continue;
      context.globalAlpha = 0.15 + (0.85 * cell) / 255;
      context.fillRect(at % width, Math.floor(at / width), 1, 1);
    }
    context.globalAlpha = 1;
  }, [layer, scheme.value]);
  const label = `${name}: ${percent(active / size)} of ${countText(size)} weights are active`;
  return (
    <li>
      <canvas ref={place} width={width} height={height} role="img" aria-label={label} />
      <span>
        <b>{name.replace(/\/kernel$/, '')}</b>
        {percent(active / size)}
      </span>
    </li>
  );
}
