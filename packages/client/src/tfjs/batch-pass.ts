import { inputShape, type Batch } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { runBackward, type GradientSink } from './backward.js';
import {
  runForward,
  type DeviceState,
  type ForwardOptions,
  type ForwardPass,
  type Watch,
} from './forward.js';
import type { GraphPlan } from './graph-plan.js';
import { softmaxCrossEntropy, type BatchLoss } from './loss.js';
import type { PositionCounts } from './moment-tracker.js';
import { readFloats } from './tensors.js';

/** A forward pass over a batch; the caller disposes it. */
export function forwardBatch(
  plan: GraphPlan,
  state: DeviceState,
  batch: Batch,
  options: ForwardOptions,
): ForwardPass {
  const images = tf.tensor(batch.images, [batch.size, ...inputShape(plan.graph)]);
  try {
    return runForward(plan, state, images, options);
  } finally {
    images.dispose();
  }
}

/** The loss of a finished forward pass. */
export async function readLoss(plan: GraphPlan, pass: ForwardPass, batch: Batch): Promise<BatchLoss> {
  return softmaxCrossEntropy(await readLogits(plan, pass), batch.labels);
}

/** The logits of a finished forward pass, in a new array. */
export async function readLogits(plan: GraphPlan, pass: ForwardPass): Promise<Float32Array> {
  return (await readFloats(pass.values.get(plan.graph.output)!)).slice();
}

/** One forward and backward pass in training mode. */
export interface GradientPass {
  readonly plan: GraphPlan;
  readonly state: DeviceState;
  readonly batch: Batch;
  readonly watch: Watch;
  /** Sees the mean loss and the batch statistics before any gradient is computed; may throw to stop. */
  readonly beforeBackward: (loss: number, pass: ForwardPass) => Promise<void>;
  readonly sink: GradientSink;
}

/** Mean loss over the batch; gradients go to the sink, one parameter at a time, from the output to the input. */
export async function differentiate({
  plan,
  state,
  batch,
  watch,
  beforeBackward,
  sink,
}: GradientPass): Promise<number> {
  const pass = forwardBatch(plan, state, batch, { mode: 'training', watch });
  try {
    const { lossSum, gradient } = await readLoss(plan, pass, batch);
    const loss = lossSum / batch.size;
    await beforeBackward(loss, pass);
    const outputGradient = tf.tensor2d(gradient, [batch.size, gradient.length / batch.size]);
    try {
      await runBackward({ plan, pass, params: state.params, outputGradient, sink, watch });
    } finally {
      outputGradient.dispose();
    }
    return loss;
  } finally {
    pass.dispose();
  }
}

/** Returns, for each batch-norm node, the number of positions that its statistics of one batch cover. */
export function positionCounts(plan: GraphPlan, batch: Batch): PositionCounts {
  return (node) => {
    const shape = plan.byName.get(node)?.outputShape ?? [];
    return batch.size * shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  };
}
