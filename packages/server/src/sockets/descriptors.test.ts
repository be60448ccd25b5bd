import { describe, expect, it } from '@jest/globals';
import { descriptorLimit, mostConnections } from './descriptors.js';

describe('connections that descriptors allow', () => {
  it.each([
    [Infinity, 1024, 896],
    [100, 1024, 100],
    [Infinity, 256, 128],
    [Infinity, 100, 16],
    [500, Infinity, 500],
  ])('of %p wanted and %p descriptors: %p', (wanted, descriptors, most) => {
    expect(mostConnections(wanted, descriptors)).toBe(most);
  });

  it('reads a limit of this process', () => {
    expect(descriptorLimit()).toBeGreaterThan(16);
  });
});
