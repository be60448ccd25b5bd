import {
  applyMask,
  checkState,
  type Mask,
  type ModelGraph,
  type ModelState,
  type Moments,
  type MomentTree,
} from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import type { DeviceState } from './forward.js';
import { planGraph, type GraphPlan } from './graph-plan.js';
import type { BatchStatistics } from './nodes/node-op.js';
import { disposeAll, readFloats } from './tensors.js';

/** The network that a trainer holds, on the device. Owns its tensors. */
export class LoadedModel implements DeviceState {
  readonly plan: GraphPlan;
  readonly mask: Mask | null;
  /** 1 where a weight is active, 0 elsewhere, by maskable parameter; empty without a mask. */
  readonly masks: ReadonlyMap<string, tf.Tensor>;
  readonly #params: Map<string, tf.Tensor>;
  readonly #moments = new Map<string, BatchStatistics>();
  #momentTree: MomentTree;

  /**
   * Checks everything, then copies it to the device with zeros wherever the mask is inactive.
   * @throws EspalierError `invalid_graph`, `invalid_params`, `invalid_mask`.
   */
  constructor(graph: ModelGraph, state: ModelState, mask: Mask | null) {
    this.plan = planGraph(graph);
    checkState(graph, state);
    mask?.checkFits(graph);
    this.mask = mask;
    const shapes = new Map(this.plan.params.map(({ name, shape }) => [name, [...shape]]));
    const params = applyMask(graph, mask, state.params);
    this.#params = new Map([...params].map(([name, values]) => [name, tf.tensor(values, shapes.get(name))]));
    this.masks = maskTensors(this.plan, mask);
    this.#momentTree = state.moments;
    this.setMoments(state.moments);
  }

  get params(): ReadonlyMap<string, tf.Tensor> {
    return this.#params;
  }

  get moments(): ReadonlyMap<string, BatchStatistics> {
    return this.#moments;
  }

  /** The batch-norm statistics as numbers. */
  get momentTree(): MomentTree {
    return this.#momentTree;
  }

  /** Copies the batch-norm statistics in, in place of those before. */
  setMoments(moments: MomentTree): void {
    this.#disposeMoments();
    for (const { node } of this.plan.moments) this.#moments.set(node, momentTensors(moments.get(node)!));
    this.#momentTree = new Map(this.plan.moments.map(({ node }) => [node, copyMoments(moments.get(node)!)]));
  }

  /** Takes other parameters, which belong to the model from now on. */
  setParams(params: ReadonlyMap<string, tf.Tensor>): void {
    disposeAll(this.#params);
    for (const [name, tensor] of params) this.#params.set(name, tensor);
  }

  /** Everything as numbers, in new arrays. */
  async read(): Promise<ModelState> {
    return {
      params: await readParams(this.#params),
      moments: new Map([...this.#momentTree].map(([node, moments]) => [node, copyMoments(moments)])),
    };
  }

  /** Frees everything. */
  dispose(): void {
    disposeAll(this.#params);
    for (const mask of this.masks.values()) mask.dispose();
    this.#disposeMoments();
  }

  #disposeMoments(): void {
    for (const { mean, variance } of this.#moments.values()) tf.dispose([mean, variance]);
    this.#moments.clear();
  }
}

/** Parameters as numbers, in new arrays. */
export async function readParams(params: ReadonlyMap<string, tf.Tensor>): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  // The cpu backend hands out the very array a tensor was made of.
  for (const [name, tensor] of params) values.set(name, (await readFloats(tensor)).slice());
  return values;
}

function maskTensors(plan: GraphPlan, mask: Mask | null): ReadonlyMap<string, tf.Tensor> {
  const tensors = new Map<string, tf.Tensor>();
  for (const { name, shape, size } of plan.params) {
    const active = mask?.layer(name)?.active;
    if (active === undefined) continue;
    const values = new Float32Array(size);
    for (const index of active) values[index] = 1;
    tensors.set(name, tf.tensor(values, [...shape]));
  }
  return tensors;
}

function momentTensors({ mean, variance }: Moments): BatchStatistics {
  return { mean: tf.tensor1d(mean.slice()), variance: tf.tensor1d(variance.slice()) };
}

function copyMoments({ mean, variance }: Moments): Moments {
  return { mean: mean.slice(), variance: variance.slice() };
}
