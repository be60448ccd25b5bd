import type { JSX } from 'preact';

const [WIDTH, HEIGHT] = [600, 64];

/** The training loss so far as a small curve, newest at the right. */
export function LossCurve({ losses }: { readonly losses: readonly number[] }): JSX.Element | null {
  if (losses.length < 2) return null;
  const [least, most] = [Math.min(...losses), Math.max(...losses)];
  const range = most - least || 1;
  const points = losses.map((loss, at) => {
    const x = (WIDTH * at) / (losses.length - 1);
    const y = HEIGHT - 3 - ((HEIGHT - 6) * (loss - least)) / range;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const label = `Training loss from ${(losses[0] ?? 0).toFixed(2)} to ${(losses.at(-1) ?? 0).toFixed(2)}`;
  return (
    <figure>
      <figcaption>{label}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        class="curve"
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        <polyline points={points.join(' ')} />
      </svg>
    </figure>
  );
}
