import type { ModelGraph } from '../graph/model-graph.js';
import type { AdjustmentSpec } from '../job/job.js';
import type { Mask } from '../mask/mask.js';
import type { ParamTree } from '../params/model-state.js';
import type { MaskAdjustment } from '../regrow/adjust-mask.js';
import type { MeanGradient } from '../regrow/mean-gradients.js';
import type { TopGradientRequest } from '../trainer/trainer.js';

/** Where a job stands when its mask may change. */
export interface RuleMoment {
  readonly graph: ModelGraph;
  /** The round's mask. */
  readonly mask: Mask;
  readonly spec: AdjustmentSpec;
  /** Over maskable weights: where the job is to end. */
  readonly targetDensity: number;
  readonly round: number;
  /** Adjustments made before this one. */
  readonly adjustment: number;
  /** Adjustments that the whole job has, this one included; at least 1. */
  readonly adjustments: number;
}

/** What a round came to, as far as masks go. */
export interface RuleEvidence {
  /** The aggregated weights under the round's mask. */
  readonly params: ParamTree;
  /** Mean gradients of inactive weights, of the layers that were asked for. */
  readonly gradients: ReadonlyMap<string, MeanGradient>;
  /** What clients were asked. */
  readonly requests: readonly TopGradientRequest[];
}

/** How a mask changes on adjustment rounds. Pure; passes `maskRuleContract`. */
export interface MaskRule {
  readonly id: string;
  /** What the clients' devices are asked for: `topGradients` of some layers, `denseGradients` of all at once, or nothing. */
  readonly needs: 'nothing' | 'topGradients' | 'denseGradients';
  /** Weights start again at their first values after every change (Frankle & Carbin, ICLR 2019). */
  readonly rewinds: boolean;
  /** Inactive weights whose gradients clients report; empty for rules that need none. */
  requests(moment: RuleMoment): readonly TopGradientRequest[];
  /** The mask that follows; the same mask, and no new version, when nothing changes. */
  adjust(moment: RuleMoment, evidence: RuleEvidence): MaskAdjustment;
}
