import { describe, expect, it } from '@jest/globals';
import { criteria } from '../criteria/registry.js';
import { maskRules } from '../mask-rules/registry.js';
import { trainsDensely, type Method } from '../methods/method.js';

/**
 * Tests that every method's record is complete; call it once per method. A method's behaviour is tested with
 * its parts.
 */
export function methodContract(method: Method): void {
  const { name, summary, criterion, maskRule, initialMask, network, defaults, published, departures } =
    method;
  describe(`method ${name}`, () => {
    it('has a name for the command line and a sentence for people', () => {
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(summary).toMatch(/^[A-Z].*\.$/s);
    });

    it('names its paper, unless it is one of our own parts alone', () => {
      const own = ['static', 'small-dense'].includes(name);
      expect(own || /\((?:.*, )?\S.*\d{4}\)/.test(summary)).toBe(true);
    });

    it('is made of parts that are there', () => {
      if (maskRule !== null) expect(Object.keys(maskRules)).toContain(maskRule);
      if (criterion !== null) {
        expect(Object.keys(criteria)).toContain(criterion);
        expect(defaults['mask']).toMatchObject({ criterion });
      }
    });

    it('prunes by one way or not at all', () => {
      if (network === 'narrow')
        expect({ initialMask, maskRule }).toEqual({ initialMask: 'dense', maskRule: null });
      if (trainsDensely(method)) expect(defaults).not.toHaveProperty('mask');
    });

    it('has a published preset only where its defaults are not the paper’s', () => {
      expect(published ?? { any: true }).not.toEqual({});
      expect(published).not.toEqual(defaults);
    });

    it('says in whole sentences where it departs from its paper', () => {
      for (const departure of departures) expect(departure).toMatch(/^[A-Z].*\.$/s);
    });
  });
}
