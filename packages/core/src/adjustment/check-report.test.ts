import { describe, expect, it } from '@jest/globals';
import { Mask } from '../mask/mask.js';
import { checkGradientReport } from './check-report.js';

const mask = new Mask([
  { name: 'a/kernel', size: 8, active: Uint32Array.of(0, 2, 5) },
  { name: 'b/kernel', size: 3, active: Uint32Array.of(1) },
]);
const requests = [{ layer: 'a/kernel', count: 2 }];
const report = (layer: string, indices: number[], values: number[]) => ({
  layer,
  indices: Uint32Array.from(indices),
  values: Float32Array.from(values),
});

describe('checkGradientReport', () => {
  it.each([
    ['as many as asked', [report('a/kernel', [1, 7], [1, -1])]],
    ['fewer', [report('a/kernel', [3], [0])]],
    ['none', [report('a/kernel', [], [])]],
  ])('takes %s', (_, reported) => {
    expect(() => {
      checkGradientReport(mask, requests, reported);
    }).not.toThrow();
  });

  it.each([
    ['no layer', [], '[not_expected] top gradients came for [], expected [a/kernel]'],
    ['another layer', [report('b/kernel', [0], [1])], '[not_expected]'],
    ['a layer twice', [report('a/kernel', [1], [1]), report('a/kernel', [1], [1])], '[not_expected]'],
    ['more than asked', [report('a/kernel', [1, 3, 4], [1, 1, 1])], '[wrong_length] a/kernel: 3 indices'],
    ['indices without values', [report('a/kernel', [1, 3], [1])], '[wrong_length]'],
    ['an active index', [report('a/kernel', [1, 5], [1, 1])], '[malformed_message] a/kernel: index 5'],
    ['an index out of range', [report('a/kernel', [8], [1])], '[malformed_message] a/kernel: index 8'],
    ['an index twice', [report('a/kernel', [3, 3], [1, 1])], '[malformed_message] a/kernel: index 3'],
    ['indices out of order', [report('a/kernel', [4, 3], [1, 1])], '[malformed_message] a/kernel: index 3'],
    ['NaN', [report('a/kernel', [1], [Number.NaN])], '[not_finite]'],
    ['infinity', [report('a/kernel', [1], [Infinity])], '[not_finite]'],
  ])('refuses %s', (_, reported, message) => {
    expect(() => {
      checkGradientReport(mask, requests, reported);
    }).toThrow(message);
  });
});
