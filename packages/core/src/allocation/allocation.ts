import type { ModelGraph } from '../graph/model-graph.js';
import type { Mask } from '../mask/mask.js';

/** Input that an allocation may need besides the graph. */
export type AllocationNeed = 'scores' | 'distortions';

/** Shift of the network's output when one layer alone is pruned to a density: some points, in any order. */
export type DistortionCurve = readonly { readonly density: number; readonly distortion: number }[];

/** Inputs of an allocation; at least those it declares in `needs`. */
export interface AllocationInputs {
  /** One score per weight, by parameter name, comparable across layers. */
  readonly scores?: ReadonlyMap<string, Float32Array>;
  /** A curve per maskable parameter name. */
  readonly distortions?: ReadonlyMap<string, DistortionCurve>;
  /**
   * Weights that may be kept; the others have been removed already, and their scores mean nothing. Left out
   * if all may.
   */
  readonly left?: Mask;
  /** Density that `global` leaves every layer with at the least; 0 for one weight. Others ignore it. */
  readonly layerFloor: number;
}

/** Weights kept per maskable parameter name, each from 1 to the layer's size, in the graph's order. */
export type KeptCounts = ReadonlyMap<string, number>;

/** Spreads a model's density over its layers. Passes `allocationContract`. */
export interface Allocation {
  /** Outward name, as jobs spell it. */
  readonly id: string;
  readonly needs: readonly AllocationNeed[];
  /**
   * True when the counts add up to `keptCount(density, all maskable weights)` exactly; false when every layer is
   * rounded for itself.
   */
  readonly exactTotal: boolean;
  /**
   * @param density over maskable weights, in (0, 1]
   * @throws EspalierError `invalid_argument` when the density is out of range or leaves a layer without a weight, a
   * need is missing, or a floor cannot be kept.
   */
  counts(graph: ModelGraph, density: number, inputs: AllocationInputs): KeptCounts;
}
