import type { GraphNode } from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import type { ForwardPass, Watch } from './forward.js';
import type { GraphPlan, PlannedNode } from './graph-plan.js';
import type { BackwardResult, NodeOp } from './nodes/node-op.js';
import { nodeOps } from './nodes/node-ops.js';
import { disposeAll, scoped, tensorsIn } from './tensors.js';

/** Takes one parameter's gradient; it is disposed when this returns, before the next layer's is computed. */
export type GradientSink = (name: string, gradient: tf.Tensor) => Promise<void>;

/** Input of a backward pass. */
export interface BackwardInput {
  readonly plan: GraphPlan;
  readonly pass: ForwardPass;
  readonly params: ReadonlyMap<string, tf.Tensor>;
  /** Gradient of the loss with respect to the logits; belongs to the caller. */
  readonly outputGradient: tf.Tensor;
  readonly sink: GradientSink;
  readonly watch: Watch;
}

/**
 * Walks the graph from its output to its input, one layer's gradients at a time, freeing each activation as its last
 * reader passes. The forward pass must have run in training mode; its values are used up.
 */
export async function runBackward(input: BackwardInput): Promise<void> {
  const gradients = new Map([[input.plan.graph.output, tf.clone(input.outputGradient)]]);
  try {
    for (const planned of input.plan.nodes.toReversed()) {
      const dy = gradients.get(planned.node.name);
      if (dy !== undefined && planned.wantsGradient) await backwardNode(planned, dy, gradients, input);
      dy?.dispose();
      gradients.delete(planned.node.name);
      input.pass.release(planned.node.name);
    }
  } finally {
    disposeAll(gradients);
  }
}

async function backwardNode(
  planned: PlannedNode,
  dy: tf.Tensor,
  gradients: Map<string, tf.Tensor>,
  input: BackwardInput,
): Promise<void> {
  const { node } = planned;
  const result = scoped(() => differentiate(planned, dy, input));
  try {
    for (const [i, gradient] of result.inputs.entries()) accumulate(gradients, node.inputs[i], gradient);
    input.watch();
    await deliver(node.name, result.params, input.sink);
  } catch (error) {
    tf.dispose(tensorsIn(result));
    throw error;
  }
}

function differentiate(
  { node, inputShapes }: PlannedNode,
  dy: tf.Tensor,
  input: BackwardInput,
): BackwardResult {
  const { pass, params, plan } = input;
  const op: NodeOp<GraphNode> = nodeOps[node.op];
  return op.backward({
    node,
    inputShapes,
    dy,
    input: () => pass.values.get(node.inputs[0]!)!,
    output: () => pass.values.get(node.name)!,
    param: (role) => params.get(`${node.name}/${role}`)!,
    statistics: pass.statistics.get(node.name) ?? null,
    wants: (i) => plan.byName.get(node.inputs[i] ?? '')?.wantsGradient === true,
  });
}

function accumulate(
  gradients: Map<string, tf.Tensor>,
  name: string | undefined,
  gradient: tf.Tensor | null,
): void {
  if (name === undefined || gradient === null) return;
  const before = gradients.get(name);
  if (before === undefined) {
    gradients.set(name, gradient);
    return;
  }
  gradients.set(name, tf.add(before, gradient));
  before.dispose();
  gradient.dispose();
}

async function deliver(node: string, params: BackwardResult['params'], sink: GradientSink): Promise<void> {
  const gradients = new Map(Object.entries(params));
  try {
    for (const [role, gradient] of gradients) await sink(`${node}/${role}`, gradient);
  } finally {
    disposeAll(gradients);
  }
}
