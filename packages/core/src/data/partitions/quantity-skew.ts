import type { PartitionSpec } from '../data-spec.js';
import { sharesOfLogs } from '../../random/dirichlet.js';
import { lnGammaSource } from '../../random/gamma.js';
import { randomStream, shuffled } from '../../random/stream.js';
import { ascending } from '../by-class.js';
import { type Partition, checkEnough, type Samples } from './samples.js';

/**
 * Every client first gets `minSamples`; the rest is dealt in shares drawn from Dirichlet(alpha), regardless
 * of class (quantity skew of NIID-Bench, Li et al. 2022, with a floor instead of repeated draws).
 */
export function quantitySkew(
  samples: Samples,
  { alpha, minSamples }: Extract<PartitionSpec, { kind: 'quantitySkew' }>,
): Partition {
  const { labels, numClients, seed } = samples;
  checkEnough(samples, minSamples);
  const everyone = Array.from({ length: labels.length }, (_, i) => i);
  const order = shuffled(everyone, randomStream({ seed, purpose: 'partition iid' }));
  const log = lnGammaSource(randomStream({ seed, purpose: 'partition quantity' }), alpha);
  const shares = sharesOfLogs(Array.from({ length: numClients }, () => log()));
  const spare = order.length - numClients * minSamples;
  let [cumulated, from] = [0, 0];
  return shares.map((share, client) => {
    cumulated += share;
    const end = (client + 1) * minSamples + Math.floor(cumulated * spare);
    const to = client === numClients - 1 ? order.length : Math.min(end, order.length);
    const part = order.slice(from, to);
    from = to;
    return ascending(part);
  });
}
