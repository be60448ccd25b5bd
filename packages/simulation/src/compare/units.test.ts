import { describe, expect, it } from '@jest/globals';
import { unitFor } from './units.js';

describe('a unit for a column', () => {
  it.each([
    ['all alike', [1.8e12, 4.3e12], 'TMACs'],
    ['by the smallest, however large the others', [0.044e12, 0.295e12], 'GMACs'],
    ['a tenth is enough', [0.1e9], 'GMACs'],
    ['zeros passed over', [0, 2e6], 'MMACs'],
    ['thousands at least', [7], 'kMACs'],
    ['of no figures', [], 'kMACs'],
  ])('%s', (_, figures, name) => {
    expect(unitFor('MACs', figures).name).toBe(name);
  });
});
