import type { GraphNode, TensorShape } from '../graph/model-graph.js';
import type { Distribution } from './distribution.js';
import type { LayerNumbers } from './layer-numbers.js';

/** A node in one of the two networks that are compared: as it was, or as it becomes. */
export interface NodeSide {
  readonly node: GraphNode;
  readonly numbers: LayerNumbers;
  /** Extent of each input's last axis there. */
  readonly inputWidths: readonly number[];
}

/** One node's turn through both networks. */
export interface SignalTurn<S> {
  readonly inputs: readonly S[];
  readonly original: NodeSide;
  readonly changed: NodeSide;
  /** Positions of the original's first input that the changed network still has, ascending. */
  readonly keptInputs: Uint32Array;
  /** Positions of the original's output that the changed network still has, ascending. */
  readonly keptOutputs: Uint32Array;
  /** Shape of the original's output. */
  readonly shape: TensorShape;
  readonly changedShape: TensorShape;
}

/**
 * Source of knowledge about activations: weights and batch-norm statistics alone, or runs on images. A signal
 * describes one node's output in both networks.
 */
export interface Signals<S> {
  /** Computes a node's signal from those of its inputs. The first turn is the input's, without inputs. */
  next(turn: SignalTurn<S>): S;
  /**
   * Moments of the channels, pooled over positions: the original's first, then the changed network's. Null if
   * channels cannot be distinguished.
   */
  distribution(signal: S): Distribution | null;
  /** The same without covariances. */
  marginals(signal: S): Marginals | null;
}

/** Mean and variance per channel, the original's channels first. */
export interface Marginals {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}
