import type { Job } from '@espalier/core';
import {
  analyticMemoryBytes,
  analyticRoundBytes,
  analyticRoundMacs,
  byteTerms,
  costLedger,
  macTerms,
} from '@espalier/core/report';
import type { RoundMetrics } from '@espalier/server/coordinator';
import type { SimulatedRun } from '../simulate.js';
import { clientRounds } from './client-rounds.js';
import { replayRounds } from './round-replay.js';

/** Cost of rounds by the authors' cost model. */
export interface AnalyticCost {
  /** Bytes of all rounds and clients, both ways. */
  readonly bytes: number;
  /** Multiply-accumulates of all rounds and clients. */
  readonly macs: number;
  /** The most that one client holds: weights, gradients, the optimiser's slots, reported gradients; no activations. */
  readonly memory: number;
  /**
   * Corrections for costs that the model leaves out or overstates, by core's `byteTerms` and `macTerms`: the
   * figure plus the terms is the measured cost.
   */
  readonly terms: {
    readonly bytes: Readonly<Record<string, number>>;
    readonly macs: Readonly<Record<string, number>>;
  };
}

/**
 * The authors' cost model (core's `analyticRound…`) over a run's rounds and the ledger of what it sees otherwise, given
 * who answered and how dense the masks were. Of what was measured of costs nothing enters.
 * @param lines in the order of the rounds
 */
export function analyticCost(
  run: Pick<SimulatedRun, 'graph' | 'partition' | 'shares' | 'denseFrom'>,
  job: Job,
  lines: readonly RoundMetrics[],
): AnalyticCost {
  const { graph } = run;
  const { localEpochs, optimizer } = job;
  const rounds = replayRounds(graph, job, lines);
  const groups = clientRounds(run, job, rounds);
  const slots = SLOTS[optimizer.kind];
  return {
    bytes: sum(groups.map(({ clients, modelled }) => clients * analyticRoundBytes(graph, modelled))),
    macs: sum(
      groups.map(({ samples, modelled }) => analyticRoundMacs(graph, modelled, { samples, localEpochs })),
    ),
    memory: Math.max(0, ...rounds.map(({ modelled }) => analyticMemoryBytes(graph, modelled, slots))),
    terms: { bytes: costLedger(byteTerms, groups), macs: costLedger(macTerms, groups) },
  };
}

/** Values an optimiser keeps for each weight. */
const SLOTS: Readonly<Record<Job['optimizer']['kind'], number>> = { sgd: 1, adam: 2 };

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
