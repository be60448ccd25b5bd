import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isPrintable, printable } from './printable.js';

const ESC = '\u001b';

describe('text made printable', () => {
  it.each([
    ['plain', 'desk 3 (Müller’s, 猫, 🐈)', 'desk 3 (Müller’s, 猫, 🐈)'],
    ['a colour', `${ESC}[1;31mred${ESC}[0m`, 'red'],
    ['a colour of one byte', '\u009b31mred', 'red'],
    ['a cleared screen', `${ESC}[2J${ESC}[Hgone`, 'gone'],
    ['a title', `${ESC}]0;owned\u0007after`, 'after'],
    ['a link', `${ESC}]8;;http://evil${ESC}\\here${ESC}]8;;${ESC}\\`, 'here'],
    ['a title that never ends', `${ESC}]0;owned`, ']0;owned'],
    ['a forged line', 'late\n2026-01-01 [info] all is well', 'late 2026-01-01 [info] all is well'],
    ['Windows line ends and tabs', 'a\r\n\tb', 'a b'],
    ['Unicode line ends', 'a\u2028b\u2029c\u0085d', 'a b c d'],
    ['a carriage return', 'refused\rwelcome', 'refused welcome'],
    ['backspaces', 'no\b\byes', 'noyes'],
    ['NUL and DEL', 'a\0b\u007fc', 'abc'],
    ['an override', 'txt.\u202eexe', 'txt.exe'],
    ['isolates', '\u2066a\u2069', 'a'],
    ['direction marks and joiners', 'ש\u200f \u06cc\u200c', 'ש\u200f \u06cc\u200c'],
    // The end of one sequence must not join with what follows to become another.
    ['a sequence in a sequence', `${ESC}${ESC}[m[31mx`, '[31mx'],
  ])('%s', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('is printable, whatever came, and stays as it is', () => {
    const nasty = fc.string({
      unit: fc.constantFrom(ESC, '[', ']', '\u009b', ';', '3', 'm', '\\', '\u0007', '\u202e', '\n', 'é'),
    });
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), (text) => {
        const clean = printable(text);
        expect(isPrintable(clean)).toBe(true);
        expect(printable(clean)).toBe(clean);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('costs time in proportion to the text', () => {
    const began = performance.now();
    for (const piece of [`${ESC}[`, `${ESC}]`, `${ESC}[1`, '\u009d0;', '\n'])
      printable(piece.repeat(100_000));
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
