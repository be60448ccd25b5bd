import { largestAt } from '../mask/largest-at.js';
import { layerValues } from '../mask/layer-values.js';
import type { LayerMask, Mask } from '../mask/mask.js';
import { nearestWhole } from '../mask/top-k.js';
import type { ParamTree } from '../params/model-state.js';
import { exchangeCount } from '../adjustment/exchange-schedule.js';
import { linkMemory } from './link-beliefs.js';
import type { ObservedRound, RuleMemory, RuleObserver } from './mask-rule.js';

/**
 * Samples of the clients that held each link of a layer, and of the clients among whose largest weights it
 * was.
 */
interface LayerVotes {
  readonly held: Float64Array;
  readonly won: Float64Array;
}

/**
 * FedRTS's view of a round: an active link has won with each party that has it among the κ_l largest |w| of
 * its layer, where κ_l is the layer's number of links less those the schedule would exchange; once for each
 * client's own weights, once for the aggregate. Clients that hold a part of the links are asked about that
 * part.
 */
export class LinkObserver implements RuleObserver {
  readonly #round: ObservedRound;
  readonly #memory: RuleMemory;
  readonly #votes: ReadonlyMap<string, LayerVotes>;

  constructor(round: ObservedRound, memory: RuleMemory) {
    this.#round = round;
    this.#memory = memory;
    this.#votes = new Map(
      round.mask.layers.map(({ name, size }) => [
        name,
        { held: new Float64Array(size), won: new Float64Array(size) },
      ]),
    );
  }

  client(weights: ParamTree, mask: Mask, samples: number): void {
    for (const layer of mask.layers) {
      const votes = this.#votes.get(layer.name);
      if (!votes) continue;
      for (const index of layer.active) votes.held[index] = (votes.held[index] ?? 0) + samples;
      for (const index of this.#winners(layer, weights)) votes.won[index] = (votes.won[index] ?? 0) + samples;
    }
  }

  close(aggregated: ParamTree): RuleMemory {
    const arrays = new Map(Object.entries(this.#memory));
    for (const layer of this.#round.mask.layers) {
      const { held, won } = this.#votes.get(layer.name)!;
      const winners = new Set(this.#winners(layer, aggregated));
      const beliefs = linkMemory.copy(linkMemory.of(this.#memory, layer.name));
      for (const index of layer.active) {
        const aggregate = winners.has(index) ? 1 : 0;
        const clients = (held[index] ?? 0) > 0 ? (won[index] ?? 0) / (held[index] ?? 0) : aggregate;
        linkMemory.observe(beliefs, index, { aggregate, clients });
      }
      linkMemory.put(arrays, layer.name, beliefs);
    }
    return Object.fromEntries(arrays);
  }

  /** The κ_l largest of the layer's active links. */
  #winners(layer: LayerMask, weights: ParamTree): Uint32Array {
    const { active } = layer;
    const { spec, round, mask } = this.#round;
    const whole = mask.layer(layer.name)?.active.length ?? active.length;
    const kept = whole - exchangeCount(round, spec, whole);
    const count = Math.min(active.length, nearestWhole((kept * active.length) / whole));
    return largestAt(layerValues(layer, weights), active, count);
  }
}
