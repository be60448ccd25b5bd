import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultOptions } from '../registry/declared-options.js';
import type { OptimizerSlots, ServerOptimizer } from '../server-optimizer/server-optimizer.js';

const LENGTH = 4;

const deltas = fc.array(
  fc
    .array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: LENGTH, maxLength: LENGTH })
    .map((values) => Float64Array.from(values)),
  { minLength: 1, maxLength: 5 },
);

/**
 * Tests for the promises of every server optimiser; call it once per optimiser, at the top of a test file.
 */
export function serverOptimizerContract(optimizer: ServerOptimizer): void {
  const options = defaultOptions(optimizer.options);
  const start = (): OptimizerSlots =>
    Object.fromEntries(optimizer.slots.map((name) => [name, new Float32Array(LENGTH)]));

  const run = (all: readonly Float64Array[]): { updates: Float64Array[]; slots: OptimizerSlots } => {
    let slots = start();
    const updates = all.map((delta, round) => {
      const next = optimizer.step(delta, slots, { round, options });
      slots = next.slots;
      return next.update;
    });
    return { updates, slots };
  };

  describe(`server optimiser ${optimizer.id}`, () => {
    it('gives finite updates of the same length, and the slots it declares', () => {
      fc.assert(
        fc.property(deltas, (all) => {
          const { updates, slots } = run(all);
          for (const update of updates) {
            expect(update).toHaveLength(LENGTH);
            expect([...update].every(Number.isFinite)).toBe(true);
          }
          expect(Object.keys(slots).sort()).toEqual([...optimizer.slots].sort());
          for (const values of Object.values(slots)) expect(values).toHaveLength(LENGTH);
        }),
      );
    });

    it('leaves a model alone that nobody wants to move', () => {
      expect(run([new Float64Array(LENGTH)]).updates).toEqual([new Float64Array(LENGTH)]);
    });

    it('changes neither what it is given nor its mind', () => {
      fc.assert(
        fc.property(deltas, (all) => {
          const before = all.map((delta) => delta.slice());
          const first = run(all);
          expect(all).toEqual(before);
          expect(run(all)).toEqual(first);
          const slots = Object.fromEntries(
            Object.entries(first.slots).map(([name, values]) => [name, values.slice()]),
          );
          optimizer.step(all[0]!, first.slots, { round: all.length, options });
          expect(first.slots).toEqual(slots);
        }),
      );
    });
  });
}
