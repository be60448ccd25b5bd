import {
  denseMask,
  Mask,
  maskableSpecs,
  type Job,
  type ModelGraph,
  type TopGradientRequest,
} from '@espalier/core';
import {
  adjustmentRoundsOf,
  maskRuleNamed,
  methodNamed,
  type RoundWork,
  type AdjustmentContext,
} from '@espalier/core/methods';
import type { AnalyticRound, LayerChange } from '@espalier/core/report';
import type { RoundMetrics } from '@espalier/server/coordinator';

/** A change of the mask. */
export interface MaskStep {
  /** Hash of the mask that it was made from. */
  readonly from: string;
  readonly changes: readonly LayerChange[];
}

/** A round as its job and its masks' densities tell it. Masks have the right number of weights a layer, not the right ones. */
export interface ReplayedRound {
  readonly line: RoundMetrics;
  readonly modelled: AnalyticRound;
  readonly mask: Mask;
  /** Hash of the run's real mask. */
  readonly maskHash: string;
  /** The last change before this round; null for the first mask. */
  readonly cameBy: MaskStep | null;
  /** Requests to every client besides training. */
  readonly asked: readonly TopGradientRequest[];
  readonly readjustment: RoundWork['readjustment'];
}

/**
 * Reconstructs the rounds of a run from the job's schedule and its method's rule.
 * @param lines in the order of the rounds
 */
export function replayRounds(
  graph: ModelGraph,
  job: Job,
  lines: readonly RoundMetrics[],
): readonly ReplayedRound[] {
  const due = new DueAdjustments(graph, job);
  const { initialMask } = methodNamed(job.method);
  let mask = initialMask === 'dense' ? denseMask(graph) : maskOf(graph, lines[0]?.density.perLayer ?? {});
  // The first round never ends with a change.
  let maskHash = lines[0]?.mask.hash ?? '';
  let cameBy: MaskStep | null = null;
  return lines.map((line) => {
    const modelled = modelledRound(job, line, mask);
    const round = { line, modelled, mask, maskHash, cameBy, ...due.wishes(line, mask) };
    if (line.adjustment === null) return round;
    const next = maskOf(graph, line.density.perLayer);
    cameBy = { from: maskHash, changes: changesOf(line.adjustment.exchanged, mask, next) };
    mask = next;
    maskHash = line.mask.hash;
    return round;
  });
}

/** Reported gradients are taken for what the adjustment exchanged. */
function modelledRound({ method }: Job, { adjustment }: RoundMetrics, mask: Mask): AnalyticRound {
  const { maskRule } = methodNamed(method);
  const asks = maskRule !== null && maskRuleNamed(maskRule).needs.length > 0;
  const exchanged = asks ? Object.entries(adjustment?.exchanged ?? {}) : [];
  return { mask, requests: exchanged.map(([layer, count]) => ({ layer, count })) };
}

/** Queue of adjustments: one that too few clients answered waits, and the next round asks for it again. */
class DueAdjustments {
  readonly #graph: ModelGraph;
  readonly #job: Job;
  readonly #rounds: readonly number[];
  readonly #waiting: number[] = [];
  #made = 0;

  constructor(graph: ModelGraph, job: Job) {
    this.#graph = graph;
    this.#job = job;
    this.#rounds = adjustmentRoundsOf(job);
  }

  /** Returns the requests of the method's rule for the next round, under that mask. */
  wishes({ round, adjustment }: RoundMetrics, mask: Mask): Pick<ReplayedRound, 'asked' | 'readjustment'> {
    if (this.#rounds.includes(round)) this.#waiting.push(round);
    const [due] = this.#waiting;
    const { maskRule } = methodNamed(this.#job.method);
    if (due === undefined || maskRule === null) return { asked: [], readjustment: null };
    const rule = maskRuleNamed(maskRule);
    const context = this.#context(due, mask);
    if (adjustment !== null) {
      this.#waiting.shift();
      this.#made++;
    }
    return {
      asked: rule.requests(context),
      readjustment: rule.localWork?.(context).readjustment ?? null,
    };
  }

  #context(round: number, mask: Mask): AdjustmentContext {
    const { seed, learningRate, pruning: spec, targetDensity } = this.#job;
    return {
      ...{ graph: this.#graph, seed, learningRate: learningRate.initial, mask, spec, targetDensity, round },
      ...{ adjustment: this.#made, adjustments: Math.max(1, this.#rounds.length) },
    };
  }
}

/**
 * Weights that left and that came, by layer; a layer that shrinks or grows exchanges the larger of the two.
 */
function changesOf(
  exchanged: Readonly<Record<string, number>>,
  before: Mask,
  after: Mask,
): readonly LayerChange[] {
  const countOf = (mask: Mask, layer: string): number => mask.layer(layer)?.active.length ?? 0;
  return Object.entries(exchanged).map(([layer, most]) => {
    const growth = countOf(after, layer) - countOf(before, layer);
    return { layer, dropped: most - Math.max(0, growth), grown: most + Math.min(0, growth) };
  });
}

function maskOf(graph: ModelGraph, perLayer: Readonly<Record<string, number>>): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: Uint32Array.from({ length: Math.round((perLayer[name] ?? 0) * size) }, (_, i) => i),
    })),
  );
}
