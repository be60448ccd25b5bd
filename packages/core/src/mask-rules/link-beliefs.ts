import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { RuleMemory } from './mask-rule.js';

/** FedRTS's λ: how much one observation weighs. */
const OBSERVATION = 10;

/** FedRTS's γ: the aggregate's share of an observation, next to the clients' own. */
const AGGREGATE_SHARE = 0.5;

/** Beta(α, β) of every link of a layer, by flat index. */
export interface LinkBeliefs {
  readonly alpha: Float32Array;
  readonly beta: Float32Array;
}

/** Observation of one link: outcomes in [0, 1]. */
export interface LinkOutcome {
  readonly aggregate: number;
  /** Mean over clients, weighted by samples. */
  readonly clients: number;
}

/** Beliefs of all links as a rule remembers them. */
export const linkMemory = {
  /** Beta(1, 1) for every maskable weight: nothing is known. */
  fresh(graph: ModelGraph): RuleMemory {
    const arrays = maskableSpecs(graph).flatMap(({ name, size }) => [
      [`${name}/alpha`, new Float32Array(size).fill(1)] as const,
      [`${name}/beta`, new Float32Array(size).fill(1)] as const,
    ]);
    return Object.fromEntries(arrays);
  },

  /** Beliefs about one layer. @throws EspalierError `internal` when the memory belongs to another rule. */
  of(memory: RuleMemory, name: string): LinkBeliefs {
    const [alpha, beta] = [memory[`${name}/alpha`], memory[`${name}/beta`]];
    if (alpha && beta) return { alpha, beta };
    throw new EspalierError('internal', `nothing is remembered of layer ${name}`);
  },

  put(arrays: Map<string, Float32Array>, name: string, { alpha, beta }: LinkBeliefs): void {
    arrays.set(`${name}/alpha`, alpha).set(`${name}/beta`, beta);
  },

  copy({ alpha, beta }: LinkBeliefs): LinkBeliefs {
    return { alpha: alpha.slice(), beta: beta.slice() };
  },

  /** α += λX, β += λ(1 − X) with X = γ·aggregate + (1 − γ)·clients. */
  observe({ alpha, beta }: LinkBeliefs, index: number, { aggregate, clients }: LinkOutcome): void {
    const outcome = AGGREGATE_SHARE * aggregate + (1 - AGGREGATE_SHARE) * clients;
    alpha[index]! += OBSERVATION * outcome;
    beta[index]! += OBSERVATION * (1 - outcome);
  },
};
