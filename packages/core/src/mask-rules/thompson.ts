import type { LayerMask } from '../mask/mask.js';
import { topK } from '../mask/top-k.js';
import { lnGammaSource } from '../random/gamma.js';
import { randomStream } from '../random/stream.js';
import type { GradientReport } from '../adjustment/mean-gradients.js';
import { exchangeCount } from '../adjustment/exchange-schedule.js';
import { changeMask } from '../adjustment/change-mask.js';
import { linkMemory, type LinkBeliefs } from './link-beliefs.js';
import { LinkObserver } from './link-observer.js';
import type { MaskRule, RuleMemory, AdjustmentContext } from './mask-rule.js';

/** Outcome that the aggregate counts for a link it has no weight for. */
const UNDECIDED = 0.5;

/**
 * FedRTS (Huang et al., "FedRTS: Federated Robust Pruning via Combinatorial Thompson Sampling", NeurIPS
 * 2025): the belief about every link is Beta(α, β). Active links are observed every round ({@link
 * LinkObserver}), inactive ones at adjustments, where the clients' largest gradients are votes. Then every
 * link draws from its own distribution, and each layer keeps as many as before, the largest draws.
 */
export const thompson: MaskRule = {
  id: 'thompson',
  needs: ['topGradients'],
  begins: 'sparse',
  rewinds: false,
  requests: ({ mask, spec, round }) =>
    mask.layers
      .map(({ name, size, active }) => ({
        layer: name,
        count: Math.min(exchangeCount(round, spec, active.length), size - active.length),
      }))
      .filter(({ count }) => count > 0),
  observe: (round, memory) => new LinkObserver(round, memory ?? linkMemory.fresh(round.graph)),
  adjust: (context, { requests, reports, memory }) => {
    const voted = new Map(Object.entries(memory));
    const layers = requests.flatMap(({ layer: name }) => {
      const layer = context.mask.layer(name);
      if (layer === undefined) return [];
      const beliefs = withVotes(layer, linkMemory.of(memory, name), votesOf(reports, name));
      linkMemory.put(voted, name, beliefs);
      return [drawnLayer(layer, beliefs, context)];
    });
    return { ...changeMask(context.mask, layers), memory: asMemory(voted) };
  },
};

/** Share of the clients' samples that name a link among the layer's largest inactive gradients. */
function votesOf(reports: readonly GradientReport[], name: string): ReadonlyMap<number, number> {
  const total = reports.reduce((sum, { samples }) => sum + samples, 0);
  const votes = new Map<number, number>();
  for (const { samples, topGradients } of reports) {
    for (const { layer, indices } of topGradients) {
      if (layer !== name) continue;
      for (const index of indices) votes.set(index, (votes.get(index) ?? 0) + samples / total);
    }
  }
  return votes;
}

/** Beliefs after inactive links have been observed: half the undecided aggregate, half the clients' votes. */
function withVotes(
  { size, active }: LayerMask,
  beliefs: LinkBeliefs,
  votes: ReadonlyMap<number, number>,
): LinkBeliefs {
  const next = linkMemory.copy(beliefs);
  let at = 0;
  for (let i = 0; i < size; i++) {
    if (active[at] === i) at++;
    else linkMemory.observe(next, i, { aggregate: UNDECIDED, clients: votes.get(i) ?? 0 });
  }
  return next;
}

/** As many links as before: those of the largest draws, ranked by their log-odds. */
function drawnLayer(
  { name, size, active }: LayerMask,
  { alpha, beta }: LinkBeliefs,
  { seed, round }: AdjustmentContext,
): LayerMask {
  const stream = randomStream({ seed, purpose: `thompson/${name}`, round });
  const draws = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    draws[i] = lnGammaSource(stream, alpha[i]!)() - lnGammaSource(stream, beta[i]!)();
  }
  return { name, size, active: topK(draws, active.length) };
}

function asMemory(arrays: ReadonlyMap<string, Float32Array>): RuleMemory {
  return Object.fromEntries(arrays);
}
