/** Streams that a command writes to, and their format. */
export interface Terminal {
  /** Results: what a pipe wants to read. */
  out(text: string): void;
  /** Everything else: progress, warnings, errors. */
  note(text: string): void;
  /** True where a person watches and lines may be redrawn. */
  readonly interactive: boolean;
}

/** The process's own streams. */
export const processTerminal: Terminal = {
  out: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
  interactive: process.stderr.isTTY,
};

/** `--format`. */
export type OutputFormat = 'text' | 'json';

/** 12_345_678 → `12.3 MB`; powers of 1000. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[unit] ?? ''}`;
}

/** 12_345_678 → `12.3 M`. */
export function amount(count: number): string {
  const units = ['', ' k', ' M', ' G', ' T', ' P'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)}${units[unit] ?? ''}`;
}

/** 0.1234 → `12.3 %`; a dash where nothing was measured. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(1)} %`;
}
