/** Answers that an honest client may give without any training; the tools use them too, from `dist`. */
import {
  denseMask,
  momentSpecs,
  packedLength,
  type ClientUpdate,
  type Mask,
  type ModelGraph,
  type MomentTree,
} from '@espalier/core';
import type { ClientMessage, ServerMessage } from '@espalier/core/protocol';

type Received<K extends ServerMessage['kind']> = Extract<ServerMessage, { kind: K }>;

/** State of a client that its answers are made of. */
export interface ClientView {
  readonly graph: ModelGraph;
  /** The mask of the model, or null while all weights are active. */
  readonly mask: Mask | null;
  readonly samples: number;
}

/** The mask after a message that may bring a new one. */
export function maskAfter(
  before: Mask | null,
  { model: { maskUpdate } }: Received<'train' | 'measure'>,
): Mask | null {
  return maskUpdate.kind === 'full' ? maskUpdate.mask : before;
}

/** An update that says: nothing learned. Correct in every respect, and to be spoiled. */
export function emptyUpdate(train: Received<'train'>, { graph, mask, samples }: ClientView): ClientUpdate {
  const active = mask ?? denseMask(graph);
  return {
    round: train.round,
    maskHash: train.model.mask.hash,
    delta: new Float32Array(packedLength(graph, active)),
    moments: train.work.momentMode === null ? null : flatMoments(graph),
    samples,
    metrics: {
      loss: 1,
      steps: 1,
      samplesSeen: 1,
      seconds: 0,
      macs: 1,
      peakBytes: 1,
      microBatch: 1,
      backend: 'none',
    },
    topGradients: train.work.topGradients.map(({ layer, count }) => {
      const inactive = inactiveIndices(active, layer).slice(0, count);
      return { layer, indices: inactive, values: new Float32Array(inactive.length) };
    }),
    evaluation: null,
  };
}

/** The answer to a request for moments: mean 0, variance 1. */
export function flatMeasured(round: number, { graph, samples }: ClientView): ClientMessage {
  return {
    kind: 'measured',
    measurement: { round, moments: flatMoments(graph), samples, macs: 1, seconds: 0 },
  };
}

/** Moments of mean 0 and variance 1 for every batch norm. */
export function flatMoments(graph: ModelGraph): MomentTree {
  return new Map(
    momentSpecs(graph).map(({ node, channels }) => [
      node,
      { mean: new Float32Array(channels), variance: new Float32Array(channels).fill(1) },
    ]),
  );
}

function inactiveIndices(mask: Mask, name: string): Uint32Array {
  const layer = mask.layer(name);
  if (layer === undefined) throw new Error(`the mask has no layer ${name}`);
  const taken = new Set(layer.active);
  return Uint32Array.from({ length: layer.size }, (_, i) => i).filter((i) => !taken.has(i));
}
