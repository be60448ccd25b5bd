import type { PartitionDescription } from './describe-partition.js';

/** Widest and highest that the cells together become, in pixels. */
const FIELD = { width: 900, height: 1400 };
const CELL = { width: 56, height: 26 };

/** Room for client numbers on the left, class names above, totals on the right, the legend below. */
const MARGIN = { left: 84, right: 130, bottom: 64 };

const FONT = 'font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif"';
const INK = '#1f2933';
const FAINT = '#616e7c';

/**
 * A partition as an SVG picture: a row per client, a column per class, darker cells for more samples, and the samples of
 * every client as a bar. Counts are written in the cells where they fit.
 */
export function partitionSvg(description: PartitionDescription): string {
  const { classes, counts, kind, clients, samples, server } = description;
  const cell = {
    width: Math.max(3, Math.min(CELL.width, Math.floor(FIELD.width / classes.length))),
    height: Math.max(2, Math.min(CELL.height, Math.floor(FIELD.height / clients))),
  };
  const top = 66 + namesHeight(classes, cell.width);
  const [fieldWidth, fieldHeight] = [cell.width * classes.length, cell.height * clients];
  const width = Math.max(560, MARGIN.left + fieldWidth + MARGIN.right);
  const height = top + fieldHeight + MARGIN.bottom;
  const most = Math.max(1, ...counts.flat());
  const title = `${kind}: ${samples.all} samples over ${clients} clients`;
  const subtitle = `${samples.least} to ${samples.most} samples each; ${server} held by the coordinator`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${FONT}>`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text({ x: 16, y: 26, size: 16, fill: INK, extra: 'font-weight="600"' }, title),
    text({ x: 16, y: 45, size: 12, fill: FAINT }, subtitle),
    ...classNames(classes, cell.width, top),
    ...counts.flatMap((row, client) => clientRow(row, client, { cell, top, most })),
    text({ x: MARGIN.left + fieldWidth + 14, y: top - 7, size: 11, fill: FAINT }, 'samples'),
    ...sizeBars(description, { cell, top, left: MARGIN.left + fieldWidth + 14 }),
    ...legend(most, top + fieldHeight + 24),
    '</svg>',
    '',
  ].join('\n');
}

interface Layout {
  readonly cell: { readonly width: number; readonly height: number };
  readonly top: number;
}

/** Slanted names need the room that the longest takes upwards. */
function namesHeight(classes: readonly string[], width: number): number {
  if (namesFit(classes, width)) return 18;
  const longest = Math.min(18, Math.max(...classes.map((name) => name.length)));
  return 10 + Math.ceil(longest * 5.2);
}

function namesFit(classes: readonly string[], width: number): boolean {
  return classes.every((name) => name.length * 6.6 <= width - 4);
}

function classNames(classes: readonly string[], width: number, top: number): readonly string[] {
  // Columns narrower than a line of text: only some are named.
  const step = Math.ceil(14 / width);
  const flat = namesFit(classes, width);
  return classes.flatMap((name, i) => {
    if (i % step !== 0) return [];
    const x = MARGIN.left + (i + 0.5) * width;
    const label = name.length > 18 ? `${name.slice(0, 17)}…` : name;
    const turned = flat ? 'text-anchor="middle"' : `transform="rotate(-50 ${x} ${top - 7})"`;
    return [text({ x, y: top - 7, size: 11, fill: INK, extra: turned }, label)];
  });
}

function clientRow(
  row: readonly number[],
  client: number,
  { cell, top, most }: Layout & { readonly most: number },
): readonly string[] {
  const y = top + client * cell.height;
  const gap = cell.width > 8 && cell.height > 8 ? 1 : 0;
  const numbered = cell.height >= 10 || client % Math.ceil(10 / cell.height) === 0;
  const name = text(
    { x: MARGIN.left - 8, y: y + cell.height / 2 + 4, size: 11, fill: INK, extra: 'text-anchor="end"' },
    `client ${client + 1}`,
  );
  const cells = row.map((count, i) => {
    const x = MARGIN.left + i * cell.width;
    const box = `<rect x="${x}" y="${y}" width="${cell.width - gap}" height="${cell.height - gap}" fill="${colour(count / most)}"/>`;
    const fits = cell.height >= 14 && String(count).length * 6.5 <= cell.width - 4;
    if (!fits || count === 0) return box;
    const ink = depth(count / most) > 0.5 ? '#ffffff' : INK;
    return (
      box +
      text(
        {
          x: x + (cell.width - gap) / 2,
          y: y + cell.height / 2 + 4,
          size: 11,
          fill: ink,
          extra: 'text-anchor="middle"',
        },
        String(count),
      )
    );
  });
  return numbered ? [name, ...cells] : cells;
}

function sizeBars(
  { counts, samples }: PartitionDescription,
  { cell, top, left }: Layout & { readonly left: number },
): readonly string[] {
  return counts.map((row, client) => {
    const size = row.reduce((sum, count) => sum + count, 0);
    const y = top + client * cell.height;
    const length = Math.max(1, Math.round((60 * size) / samples.most));
    const bar = `<rect x="${left}" y="${y + cell.height * 0.2}" width="${length}" height="${cell.height * 0.6}" fill="#9aa5b1"/>`;
    if (cell.height < 12) return bar;
    return (
      bar + text({ x: left + length + 5, y: y + cell.height / 2 + 4, size: 11, fill: FAINT }, String(size))
    );
  });
}

function legend(most: number, y: number): readonly string[] {
  const steps = 24;
  const swatches = Array.from(
    { length: steps },
    (_, i) =>
      `<rect x="${MARGIN.left + 8 * i}" y="${y}" width="8" height="10" fill="${colour(i / (steps - 1))}"/>`,
  );
  return [
    ...swatches,
    text({ x: MARGIN.left, y: y + 24, size: 11, fill: FAINT }, '0'),
    text(
      { x: MARGIN.left + 8 * steps, y: y + 24, size: 11, fill: FAINT, extra: 'text-anchor="end"' },
      `${most} samples`,
    ),
  ];
}

/** Darkness of the colour for a share, from 0 to 1. */
function depth(share: number): number {
  return 0.12 + 0.88 * Math.sqrt(share);
}

/** Colour from almost white to deep blue; even a few samples look different from none. */
function colour(share: number): string {
  if (share <= 0) return '#f3f5f7';
  const at = depth(share);
  const mix = (from: number, to: number): number => Math.round(from + (to - from) * at);
  return `rgb(${mix(236, 12)},${mix(243, 52)},${mix(251, 118)})`;
}

interface TextAt {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly fill: string;
  readonly extra?: string;
}

function text({ x, y, size, fill, extra = '' }: TextAt, content: string): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" ${extra}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
