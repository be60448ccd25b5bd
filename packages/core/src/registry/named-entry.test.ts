import { describe, expect, it } from '@jest/globals';
import { entryNamed, nearestNames } from './named-entry.js';

describe('nearestNames', () => {
  it.each([
    ['resnet', ['mlp', 'resnet18', 'vgg11-bn'], ['resnet18']],
    ['MLP', ['mlp', 'resnet18'], ['mlp']],
    ['roudns', ['rounds', 'round', 'roundTimeout'], ['rounds', 'round']],
    ['ab', ['aa', 'bb', 'ccc'], ['aa', 'bb']],
    ['', ['abc', 'ab'], ['ab']],
    ['x', [], []],
  ])('of %p among %p is %p', (given, valid, nearest) => {
    expect(nearestNames(given, valid)).toEqual(nearest);
  });
});

describe('entryNamed', () => {
  const registry = { uniform: 1, erk: 2 };

  it('finds what is listed', () => {
    expect(entryNamed(registry, 'erk', 'allocation')).toBe(2);
  });

  it.each(['unifrom', 'toString', '__proto__', ''])('refuses %p, naming the valid ones', (name) => {
    expect(() => entryNamed(registry, name, 'allocation')).toThrow(
      /no allocation .* Valid names: uniform, erk/,
    );
  });

  it('puts the nearest name first', () => {
    expect(() => entryNamed(registry, 'unifrom', 'allocation')).toThrow('did you mean uniform?');
  });
});
