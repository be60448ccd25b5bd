import { describe, expect, it } from '@jest/globals';
import type { Criterion, CriterionInputs } from '../criteria/criterion.js';
import { maskableSpecs } from '../graph/parameters.js';
import { initialState } from '../params/initialize.js';
import { copyState, type ParamTree } from '../params/model-state.js';
import { exampleGraphs } from './example-graphs.js';

/** Tests for the promises of every criterion; call it once per criterion, at the top of a test file. */
export function criterionContract(criterion: Criterion): void {
  describe.each(exampleGraphs)(`criterion ${criterion.id} on $name`, (graph) => {
    const specs = maskableSpecs(graph);
    const state = initialState(graph, 1);
    const all: Required<CriterionInputs> = {
      gradients: initialState(graph, 2).params,
      hessianGradients: initialState(graph, 4).params,
      rng: { seed: 3, purpose: 'contract' },
    };
    const declared = Object.fromEntries(criterion.needs.map((need) => [need, all[need]]));
    const score = (params: ParamTree, inputs: CriterionInputs = declared) =>
      criterion.score(graph, params, inputs);

    it('scores every maskable weight and no other, in canonical order', () => {
      const sizes = [...score(state.params)].map(([name, scores]) => [name, scores.length]);

      expect(sizes).toEqual(specs.map(({ name, size }) => [name, size]));
    });

    it('gives no NaN and does not score all weights alike', () => {
      const scores = [...score(state.params).values()].flatMap((layer) => [...layer]);

      expect(scores.some(Number.isNaN)).toBe(false);
      expect(new Set(scores).size).toBeGreaterThan(scores.length / 2);
    });

    it('gives the same for the same, and leaves its inputs alone', () => {
      const before = copyState(state);
      const gradients = copyState({ params: all.gradients, moments: new Map() }).params;

      expect(score(state.params)).toEqual(score(before.params));
      expect(state).toEqual(before);
      expect(all.gradients).toEqual(gradients);
    });

    it('uses nothing it does not declare', () => {
      expect(score(state.params, all)).toEqual(score(state.params));
    });

    it('refuses parameters that do not fit the graph', () => {
      const short = new Map(state.params).set(specs[0]!.name, new Float32Array(1));

      expect(() => score(short)).toThrow('[invalid_params]');
    });

    for (const need of criterion.needs) {
      it(`says so when ${need} is missing`, () => {
        const rest = Object.fromEntries(Object.entries(declared).filter(([key]) => key !== need));

        expect(() => score(state.params, rest)).toThrow(new RegExp(`invalid_argument.*${need}`));
      });
    }
  });
}
