import type { ModelGraph } from '../graph/model-graph.js';
import type { AdjustmentSpec } from '../adjustment/adjustment-spec.js';
import type { Mask } from '../mask/mask.js';
import type { ParamTree } from '../params/model-state.js';
import type { MaskAdjustment } from '../adjustment/adjust-mask.js';
import type { GradientReport, MeanGradient } from '../adjustment/mean-gradients.js';
import type { Extrusion, TopGradientRequest } from '../trainer/trainer.js';

/** Point of a job at which its mask may change. */
export interface AdjustmentContext {
  readonly graph: ModelGraph;
  /** The job's: keys a rule's own random streams. */
  readonly seed: number;
  /** The job's first learning rate. */
  readonly learningRate: number;
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

/** Results of a round that matter for masks. */
export interface RoundEvidence {
  /** The aggregated weights under the round's mask. */
  readonly params: ParamTree;
  /** Mean gradients of inactive weights, of the layers that were asked for. */
  readonly gradients: ReadonlyMap<string, MeanGradient>;
  /** Requests that clients received. */
  readonly requests: readonly TopGradientRequest[];
  /** Every client's largest inactive gradients, in partition order. */
  readonly reports: readonly GradientReport[];
  /** Masks that clients made of theirs, in partition order; empty unless the rule has them readjust. */
  readonly ownMasks: readonly Mask[];
  /** Memory of the rule after this round; empty for rules that keep none. */
  readonly memory: RuleMemory;
}

/** Memory that a rule keeps of a run between rounds, by name; it survives a restart of the coordinator. */
export type RuleMemory = Readonly<Record<string, Float32Array>>;

/** Looks at the weights of one round as they arrive. */
export interface RuleObserver {
  /** One client's weights after training, under its mask; clients come in partition order. */
  client(weights: ParamTree, mask: Mask, samples: number): void;
  /** Ends the round after all clients: returns the memory from now on. */
  close(aggregated: ParamTree): RuleMemory;
}

/** Work of clients besides training in a round that ends with an adjustment. */
export interface RoundWork {
  /** Share of every layer's active weights that a client exchanges in a mask of its own; null for none. */
  readonly readjustment: number | null;
  /** Null for plain training. */
  readonly extrusion: Extrusion | null;
}

/** An adjustment, and the rule's memory after it if that changed. */
export interface RuleOutcome extends MaskAdjustment {
  readonly memory?: RuleMemory;
}

/** The round as an observer sees it. */
export type ObservedRound = Pick<AdjustmentContext, 'graph' | 'mask' | 'spec' | 'round'>;

/** A request to devices: `topGradients` of some layers, `denseGradients` of all at once, or `ownMasks` made of the round's. */
export type MaskRuleNeed = 'topGradients' | 'denseGradients' | 'ownMasks';

/** Way to change the mask on adjustment rounds. Pure; passes `maskRuleContract`. */
export interface MaskRule {
  readonly id: string;
  /** Requests to the clients' devices besides training; empty for rules that look at the aggregate only. */
  readonly needs: readonly MaskRuleNeed[];
  /** The first mask that the rule is made for: every weight, or only those that its target density keeps. */
  readonly begins: 'dense' | 'sparse';
  /** Weights start again at their first values after every change (Frankle & Carbin, ICLR 2019). */
  readonly rewinds: boolean;
  /** Inactive weights whose gradients clients report; empty for rules that need none. */
  requests(context: AdjustmentContext): readonly TopGradientRequest[];
  /** Left out where clients only train. */
  localWork?(context: AdjustmentContext): RoundWork;
  /** Called every round, adjustment or not, by rules that remember; `memory` is null in the first. */
  observe?(round: ObservedRound, memory: RuleMemory | null): RuleObserver;
  /** The mask that follows; the same mask, and no new version, when nothing changes. */
  adjust(context: AdjustmentContext, evidence: RoundEvidence): RuleOutcome;
}
