import * as tf from '@tensorflow/tfjs-core';
import type { GraphPlan, PlannedNode } from './graph-plan.js';
import type { BatchStatistics, NodeOp } from './nodes/node-op.js';
import { nodeOps } from './nodes/node-ops.js';
import { disposeAll, scoped } from './tensors.js';
import type { GraphNode } from '@espalier/core';

/** A network's tensors on the device. */
export interface DeviceState {
  /** By parameter name. */
  readonly params: ReadonlyMap<string, tf.Tensor>;
  /** By batch-norm node. */
  readonly moments: ReadonlyMap<string, BatchStatistics>;
}

/** Calls back after every node, so that somebody can look at the memory in use. */
export type Watch = () => void;

/** Result of a forward pass. The caller disposes of it. */
export class ForwardPass {
  /** Outputs still alive, by node. */
  readonly values = new Map<string, tf.Tensor>();
  /** The batch's own statistics by batch-norm node; empty in inference. */
  readonly statistics = new Map<string, BatchStatistics>();

  /** Frees everything. */
  dispose(): void {
    disposeAll(this.values);
    for (const statistics of this.statistics.values()) tf.dispose([statistics.mean, statistics.variance]);
    this.statistics.clear();
  }

  /** Frees one output. */
  release(name: string): void {
    this.values.get(name)?.dispose();
    this.values.delete(name);
  }
}

/** Settings of a forward pass. */
export interface ForwardOptions {
  /** Training normalises by the batch's own statistics and keeps what backward reads. */
  readonly mode: 'training' | 'statistics' | 'inference';
  readonly watch: Watch;
}

/**
 * Runs the network on a batch `[n, …input]`. In mode `statistics` batches are normalised by their own statistics, as
 * in training, but nothing is kept for a backward pass.
 */
export function runForward(
  plan: GraphPlan,
  state: DeviceState,
  batch: tf.Tensor,
  options: ForwardOptions,
): ForwardPass {
  const pass = new ForwardPass();
  try {
    for (const planned of plan.nodes) {
      forwardNode(planned, { pass, state, batch, mode: options.mode });
      options.watch();
      for (const name of planned.lastRead) {
        if (options.mode !== 'training' || !plan.kept.has(name)) pass.release(name);
      }
    }
    return pass;
  } catch (error) {
    pass.dispose();
    throw error;
  }
}

interface Turn {
  readonly pass: ForwardPass;
  readonly state: DeviceState;
  readonly batch: tf.Tensor;
  readonly mode: ForwardOptions['mode'];
}

function forwardNode({ node }: PlannedNode, { pass, state, batch, mode }: Turn): void {
  const op: NodeOp<GraphNode> = nodeOps[node.op];
  const inputs = node.op === 'input' ? [batch] : node.inputs.map((name) => pass.values.get(name)!);
  const moments = mode === 'inference' ? (state.moments.get(node.name) ?? null) : null;
  const param = (role: string): tf.Tensor => state.params.get(`${node.name}/${role}`)!;
  const { output, statistics } = scoped(() => op.forward({ node, inputs, param, moments }));
  pass.values.set(node.name, output);
  if (statistics !== undefined) pass.statistics.set(node.name, statistics);
}
