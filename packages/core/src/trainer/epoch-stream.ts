import type { StreamKey } from '../random/stream.js';

/**
 * Keys one epoch's shuffling and augmentation. Every trainer takes it, so all see the same batches in the same order.
 * @param epoch from 0
 */
export function epochStream(stream: StreamKey, epoch: number): StreamKey {
  return { ...stream, purpose: `${stream.purpose}/epoch-${String(epoch)}` };
}
