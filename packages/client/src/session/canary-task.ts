import {
  denseMask,
  epochBatches,
  EspalierError,
  identityMoments,
  packActive,
  unpackActive,
  type Canary,
  type Trainer,
} from '@espalier/core';
import type { ClientMessage } from '@espalier/core/protocol';

/** The backend's own gradients on the canary, every parameter, in canonical order. */
export async function canaryGradients(trainer: Trainer, canary: Canary): Promise<Float32Array> {
  const { graph, values, batch: dataset, normalization } = canary;
  const dense = denseMask(graph);
  const state = { params: unpackActive(graph, dense, values), moments: identityMoments(graph) };
  const [batch] = epochBatches(dataset, { batchSize: dataset.labels.length, normalization });
  if (!batch) throw new EspalierError('malformed_message', 'the canary has no samples');
  await trainer.load(graph, state, null);
  const { gradients } = await trainer.gradients(batch);
  return packActive(graph, dense, gradients);
}

/** The answer to a canary. */
export async function proveBackend(trainer: Trainer, canary: Canary): Promise<ClientMessage> {
  return { kind: 'canaryResult', gradients: await canaryGradients(trainer, canary) };
}
