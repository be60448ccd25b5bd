import { describe, expect, it } from '@jest/globals';
import { whenFree } from './when-free.js';

/** An opening that fails with those codes, then succeeds; and how long was waited each time. */
function failing(codes: readonly string[]): {
  open: () => Promise<string>;
  waits: number[];
  wait: (ms: number) => Promise<void>;
} {
  const left = [...codes];
  const waits: number[] = [];
  return {
    waits,
    wait: (milliseconds) => {
      waits.push(milliseconds);
      return Promise.resolve();
    },
    open: () => {
      const code = left.shift();
      return code === undefined
        ? Promise.resolve('open')
        : Promise.reject(Object.assign(new Error(code), { code }));
    },
  };
}

describe('opening when descriptors are free', () => {
  it.each([
    [[], []],
    [['EMFILE'], [5]],
    [
      ['ENFILE', 'EMFILE', 'EMFILE'],
      [5, 10, 20],
    ],
  ])('after %j it has waited %j milliseconds', async (codes, expected) => {
    const { open, waits, wait } = failing(codes);
    expect(await whenFree(open, wait)).toBe('open');
    expect(waits).toEqual(expected);
  });

  it('fails at once for any other reason', async () => {
    const { open, waits, wait } = failing(['EMFILE', 'ENOSPC']);
    await expect(whenFree(open, wait)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(waits).toEqual([5]);
  });

  it('gives up after ten seconds', async () => {
    const { open, waits, wait } = failing(Array.from({ length: 1000 }, () => 'EMFILE'));
    await expect(whenFree(open, wait)).rejects.toMatchObject({ code: 'EMFILE' });
    const waited = waits.reduce((sum, each) => sum + each, 0);
    expect(waited).toBeGreaterThanOrEqual(10_000);
    expect(waited).toBeLessThan(10_500);
  });
});
