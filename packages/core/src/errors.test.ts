import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, EspalierError, toEspalierError } from './errors.js';

const page = readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8');
const headings = [...page.matchAll(/^## (\S+)$/gm)].map((match) => match[1]);

describe('error codes', () => {
  it('each have a heading in docs/errors.md, and the page has no others', () => {
    expect(headings).toEqual([...ERROR_CODES]);
  });

  it('stand before the sentence', () => {
    const error = new EspalierError('late', 'too late', { round: 3 });
    expect(error.message).toBe('[late] too late');
    expect(error.rawMessage).toBe('too late');
    expect(error.facts).toEqual({ round: 3 });
  });

  it('are `internal` for whatever else was thrown', () => {
    expect(toEspalierError(new Error('boom'))).toMatchObject({ code: 'internal', rawMessage: 'boom' });
    expect(toEspalierError('boom')).toMatchObject({ code: 'internal' });
  });
});
