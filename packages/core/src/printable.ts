/** ESC and CSI, which begin a terminal's escape sequences; OSC and ST, which frame a title or a link. */
const [ESC, CSI, OSC, ST, BEL] = [0x1b, 0x9b, 0x9d, 0x9c, 0x07].map((code) => String.fromCharCode(code));

/** Whole sequences first, so that no `[31m` is left of one. None runs over a control character, so the work is linear. */
const SEQUENCES = new RegExp(
  `(?:${ESC}\\[|${CSI})[0-?]*[ -/]*[@-~]|(?:${ESC}\\]|${OSC})\\P{Cc}*(?:${BEL}|${ST}|${ESC}\\\\)`,
  'gu',
);

/** Characters at which a line ends or a column moves: words on either side must not run together. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;

/** C0, DEL and C1; line separators; characters that embed, override or isolate the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

const EVERY_UNPRINTABLE = new RegExp(UNPRINTABLE.source, 'gu');

/**
 * True of text that cannot move a cursor, begin a line, or reorder the text next to it. Direction marks
 * (U+200E, U+200F) and joiners are allowed: names in Arabic, Hebrew or Persian need them.
 */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/**
 * The text without anything that could act on a terminal, forge a line of a log, or reorder the text next to
 * it: whole escape sequences are removed, line breaks and tabs become one space, all other control characters
 * and direction overrides are removed. Printable text is returned as it is.
 */
export function printable(text: string): string {
  if (isPrintable(text)) return text;
  return text.replace(SEQUENCES, '').replace(BREAKS, ' ').replace(EVERY_UNPRINTABLE, '');
}
