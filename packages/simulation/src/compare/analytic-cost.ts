import {
  analyticMemoryBytes,
  analyticRoundBytes,
  analyticRoundMacs,
  Mask,
  maskableSpecs,
  maskRuleNamed,
  methodNamed,
  type AnalyticRound,
  type Job,
  type ModelGraph,
} from '@espalier/core';
import type { RoundMetrics } from '@espalier/server/coordinator';
import type { SimulatedRun } from '../simulate.js';

/** What rounds cost by the authors' cost model. */
export interface AnalyticCost {
  /** Of all rounds and clients, both ways. */
  readonly bytes: number;
  /** Of all rounds and clients. */
  readonly macs: number;
  /** The most that one client holds: weights, gradients, the optimiser's slots, reported gradients; no activations. */
  readonly memory: number;
}

/**
 * The authors' cost model (core's `analyticRound…`) over a run's rounds, given who answered and what the masks were.
 * @param lines in the order of the rounds
 */
export function analyticCost(
  { graph, partition }: Pick<SimulatedRun, 'graph' | 'partition'>,
  job: Job,
  lines: readonly RoundMetrics[],
): AnalyticCost {
  const { localEpochs, optimizer } = job;
  const samplesOf = (part: string): number => (partition[Number(part)] ?? []).reduce((a, b) => a + b, 0);
  const rounds = lines.map((line, at) => ({ line, round: roundOf(graph, job, line, lines[at - 1]) }));
  const slots = SLOTS[optimizer.kind];
  return {
    bytes: sum(rounds.map(({ line, round }) => line.clients.answered * analyticRoundBytes(graph, round))),
    macs: sum(
      rounds.map(({ line, round }) => {
        const samples = sum(Object.keys(line.bytes.upPerClient).map(samplesOf));
        return analyticRoundMacs(graph, round, { samples, localEpochs });
      }),
    ),
    memory: Math.max(0, ...rounds.map(({ round }) => analyticMemoryBytes(graph, round, slots))),
  };
}

/** Values an optimiser keeps for each weight. */
const SLOTS: Readonly<Record<Job['optimizer']['kind'], number>> = { sgd: 1, adam: 2 };

/** A round worked under the mask that the round before left, and reported gradients for what its adjustment exchanged. */
function roundOf(
  graph: ModelGraph,
  { method }: Job,
  { density, adjustment }: RoundMetrics,
  before: RoundMetrics | undefined,
): AnalyticRound {
  const { initialMask, maskRule } = methodNamed(method);
  const first = initialMask === 'dense' ? null : maskOf(graph, density.perLayer);
  const asks = maskRule !== null && maskRuleNamed(maskRule).needs !== 'nothing';
  const exchanged = asks ? Object.entries(adjustment?.exchanged ?? {}) : [];
  return {
    mask: before ? maskOf(graph, before.density.perLayer) : first,
    requests: exchanged.map(([layer, count]) => ({ layer, count })),
  };
}

/** A mask with so many weights a layer: costs do not ask which. */
function maskOf(graph: ModelGraph, perLayer: Readonly<Record<string, number>>): Mask {
  const sizes = new Map(maskableSpecs(graph).map(({ name, size }) => [name, size]));
  return new Mask(
    Object.entries(perLayer).map(([name, density]) => {
      const size = sizes.get(name) ?? 0;
      return { name, size, active: Uint32Array.from({ length: Math.round(density * size) }, (_, i) => i) };
    }),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
