import { describe, expect, it } from '@jest/globals';
import { softmaxCrossEntropy } from './loss.js';

describe('softmaxCrossEntropy', () => {
  it('sums losses, and gives the gradient of their mean', () => {
    // Row 0 has odds 1 : 3 for its label, row 1 has odds 1 : 1.
    const logits = Float32Array.of(0, Math.log(3), 2, 2);

    const { lossSum, correct, gradient } = softmaxCrossEntropy(logits, Uint16Array.of(0, 1));

    expect(lossSum).toBeCloseTo(Math.log(4) + Math.log(2), 6);
    expect(correct).toBe(0);
    expect([...gradient].map((value) => Number(value.toFixed(6)))).toEqual([-0.375, 0.375, 0.25, -0.25]);
  });

  it('takes the lower class of equals for its guess', () => {
    const { correct } = softmaxCrossEntropy(Float32Array.of(5, 5, 5), Uint16Array.of(0));

    expect(correct).toBe(1);
  });

  it('stays finite where exponentials would not', () => {
    const { lossSum, gradient } = softmaxCrossEntropy(Float32Array.of(1e4, -1e4), Uint16Array.of(1));

    expect(lossSum).toBe(2e4);
    expect([...gradient]).toEqual([1, -1]);
  });

  it.each([Number.NaN, Infinity])('has a loss that is not finite for a logit of %p', (logit) => {
    expect(Number.isFinite(softmaxCrossEntropy(Float32Array.of(0, logit), Uint16Array.of(0)).lossSum)).toBe(
      false,
    );
  });
});
