import { describe, expect, it } from '@jest/globals';
import { cellResultSchema, type CellResult } from '../cell-result.js';
import { costBlocks } from './costs.js';
import { unexplained } from './ledger.js';

const CURVE = { accuracy: [], trainLoss: [], seconds: [], density: [] };

/** A run whose rounds moved 1000 bytes and took 2000 multiply-accumulates; measuring the final model took 500 more. */
function result(seed: number, analytic: unknown): CellResult {
  return cellResultSchema.parse({
    ...{ format: 2, name: 'fedtiny', density: 0.1, seed, accuracy: { final: 0.5, best: 0.5 } },
    ...{ maskable: 0.1, up: 600, down: 400, macs: 2500, forwardMacs: 1, peakBytes: 1, seconds: 1 },
    ...{ analytic, curve: { ...CURVE, up: [600], down: [400], macs: [2000] } },
  });
}

const row = (results: readonly CellResult[]) => ({
  ...{ name: 'fedtiny', density: 0.1, partition: null },
  results,
});

describe('what is left', () => {
  it.each([
    [{ indices: -300, masks: 100 }, 0],
    [{ indices: -300, masks: 70 }, 0.03],
    [{ indices: -300, masks: 140 }, -0.04],
    [{}, -0.2],
    [null, null],
  ])('of 1000 where the model says 1200 and %p: %p', (terms, left) => {
    const found = unexplained({ measured: 1000, analytic: 1200, terms });
    if (left === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(left, 12);
  });
});

describe('the report', () => {
  const terms = (masks: number) => ({
    bytes: { indices: -300, masks, gradients: 0 },
    macs: { firstLayer: 0 },
  });

  it('tells every term that is not 0 in percent of the measured, as a mean over seeds, and what it is', () => {
    const analytic = { bytes: 1200, macs: 2000 };
    const runs = [
      result(1, { ...analytic, terms: terms(90) }),
      result(2, { ...analytic, terms: terms(110) }),
    ];
    const [, , bytes, operations, meanings] = costBlocks([row(runs)]);

    expect(bytes).toMatchObject({ rows: [['fedtiny', 0.1, '120.0', '-30.0', '10.0', '0.00']] });
    expect(operations).toMatchObject({ rows: [['fedtiny', 0.1, '100.0', '0.00']] });
    expect(meanings).toMatchObject({
      rows: [
        ['bytes', 'indices', expect.any(String)],
        ['bytes', 'masks', expect.any(String)],
      ],
    });
  });

  it('has no such table of lines that have no terms', () => {
    const old = result(1, { bytes: 1200, macs: 2000 });

    expect(old.analytic).toEqual({ bytes: 1200, macs: 2000, memory: null, terms: null });
    expect(costBlocks([row([old])]).map(({ kind }) => kind)).toEqual(['text', 'table']);
    expect(costBlocks([row([old, result(2, { bytes: 1, macs: 1, terms: terms(0) })])])).toHaveLength(2);
  });
});
