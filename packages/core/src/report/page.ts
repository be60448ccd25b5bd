import { EspalierError } from '../errors.js';

/** Placeholder for the data in the report template: an empty JSON script element. */
export const REPORT_SLOT = '<script id="report-data" type="application/json"></script>';

/**
 * The report page with its data inside, one self-contained file.
 *
 * @param template client-web's `report.html`, which holds {@link REPORT_SLOT} once
 * @param data any value that JSON can express
 * @throws EspalierError `internal` when the template has no such slot
 */
export function reportPage(template: string, data: unknown): string {
  const [before, after, ...more] = template.split(REPORT_SLOT);
  if (before === undefined || after === undefined || more.length > 0)
    throw new EspalierError('internal', `The report template must hold "${REPORT_SLOT}" exactly once.`);
  // "<" inside a script element could close it; its escape means the same to JSON.
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return `${before}${REPORT_SLOT.replace('></script>', () => `>${json}</script>`)}${after}`;
}
