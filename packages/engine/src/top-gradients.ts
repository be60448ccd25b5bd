import {
  EspalierError,
  topInactive,
  type Batch,
  type TopGradientRequest,
  type TopGradients,
} from '@espalier/core';
import { gradientGroups, type Call, type PieceVisitor } from './call.js';
import type { Network } from './network.js';
import { slotNamed } from './plan/slots.js';

/** A batch whose whole gradients are requested for some kernels; the call was opened for them. */
export interface GradientRun {
  readonly network: Network;
  readonly call: Call;
  readonly batch: Batch;
  readonly kernels: readonly string[];
  /** Looks at every piece of the one pass, when the batch runs in one piece. */
  readonly piece?: NonNullable<PieceVisitor['piece']>;
}

/** Kernels that lack weights: those whose gradients the sparse path does not give whole. */
export function prunedKernels({ store }: Network): readonly string[] {
  return [...store.layers.values()]
    .filter((layer) => layer.kernel.count < layer.kernel.size)
    .map((layer) => layer.kernel.name);
}

/** Requested layers that have any inactive weights. */
export function sparseKernels(network: Network, requests: readonly TopGradientRequest[]): readonly string[] {
  const pruned = new Set(prunedKernels(network));
  return requests.map(({ layer }) => layer).filter((layer) => pruned.has(layer));
}

/**
 * Runs the batch and hands over each kernel's whole gradient, one in memory at a time. Afterwards the
 * gradients of the kept weights are in the store.
 */
export function collectGradients(
  run: GradientRun,
  take: (kernel: string, values: Float32Array) => void,
): void {
  const { network, call, batch, kernels, piece } = run;
  const whole = batch.size <= call.microBatch;
  for (const group of gradientGroups(kernels, batch.size, call.microBatch)) {
    const [first = ''] = group;
    const sum = whole ? null : new Float32Array(slotNamed(network.store.slots, first).size);
    call.begin();
    const gradient = ({
      kernel,
      address,
      count,
    }: {
      kernel: string;
      address: number;
      count: number;
    }): void => {
      const part = network.memory.f32(address, count);
      if (sum) addTo(sum, part);
      else take(kernel, part);
    };
    call.run(batch, piece ? { gradient, piece } : { gradient }, group);
    if (sum) take(first, sum);
  }
  if (kernels.length === 0 && !whole) {
    call.begin();
    call.run(batch);
  }
}

/** The requested inactive weights of largest gradient; layers without inactive weights give none. */
export function collectTopGradients(
  run: GradientRun,
  requests: readonly TopGradientRequest[],
): readonly TopGradients[] {
  const found = new Map<string, TopGradients>();
  const counts = new Map(requests.map(({ layer, count }) => [layer, count]));
  if (run.kernels.length > 0) {
    collectGradients(run, (layer, values) => {
      const listed = run.network.mask?.layer(layer);
      if (!listed) throw new EspalierError('internal', `no mask for ${layer}`);
      found.set(layer, { layer, ...topInactive(listed, values, counts.get(layer) ?? 0) });
    });
  }
  const none = { indices: new Uint32Array(0), values: new Float32Array(0) };
  return requests.map(({ layer }) => found.get(layer) ?? { layer, ...none });
}

function addTo(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < part.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
}
