import type { SkippedFile } from '@espalier/client-node';
import type { Terminal } from '../terminal.js';

/** Files that are named one by one. */
const NAMED = 20;

/** Says which files are left out, and why; the first of them where there are many. */
export function noteSkipped(skipped: readonly SkippedFile[], terminal: Terminal): void {
  if (skipped.length === 0) return;
  const lines = skipped.slice(0, NAMED).map(({ path, reason }) => `  ${path}: ${reason}`);
  const more =
    skipped.length > NAMED ? [`  … and ${skipped.length - NAMED} more; espalier inspect names them all`] : [];
  terminal.note([`${skipped.length} files are left out:`, ...lines, ...more].join('\n'));
}
