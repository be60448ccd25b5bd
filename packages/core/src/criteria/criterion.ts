import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs, type ParamSpec } from '../graph/parameters.js';
import { layerValues } from '../mask/layer-values.js';
import type { ParamTree } from '../params/model-state.js';
import type { StreamKey } from '../random/stream.js';

/** Input that a criterion may need besides the weights. */
export type CriterionNeed = 'gradients' | 'hessianGradients' | 'rng';

/** Inputs of a criterion; at least those it declares in `needs`. */
export interface CriterionInputs {
  /** Gradients of the loss by parameter name, inactive weights too. */
  readonly gradients?: ParamTree;
  /** The Hessian of the loss times its gradient, by parameter name; of maskable parameters. */
  readonly hessianGradients?: ParamTree;
  /** Keys its random streams; layers take purposes of their own under it. */
  readonly rng?: StreamKey;
}

/** One score per weight, by parameter name; of maskable parameters only. */
export type ScoreTree = ReadonlyMap<string, Float32Array>;

/** Scores weights; the lowest scores are pruned first. Passes `criterionContract`. */
export interface Criterion {
  /** Outward name, as jobs spell it. */
  readonly id: string;
  readonly needs: readonly CriterionNeed[];
  /**
   * Scores every maskable weight; scores are never NaN and compare across layers. Inputs are not changed.
   * @throws EspalierError `invalid_argument` when a need is missing, `invalid_params` when a parameter does not fit.
   */
  score(graph: ModelGraph, params: ParamTree, inputs: CriterionInputs): ScoreTree;
}

/** Scores layer by layer: applies `scoreLayer` to every maskable parameter and its values. */
export function scoreLayers(
  graph: ModelGraph,
  params: ParamTree,
  scoreLayer: (spec: ParamSpec, values: Float32Array) => Float32Array,
): ScoreTree {
  return new Map(
    maskableSpecs(graph).map((spec) => [spec.name, scoreLayer(spec, layerValues(spec, params))]),
  );
}
