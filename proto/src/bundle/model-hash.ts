import { packActive, packMoments, type Mask, type ModelGraph, type ModelState } from '@espalier/core';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { toBytes } from '../codec/arrays.js';
import { hashToBytes } from '../codec/hashes.js';

/**
 * SHA-256, in hex, of the parts that identify a model: mask, active and always-dense values, moments. It does
 * not depend on names, versions or the model's origin.
 * @throws EspalierError `invalid_mask`, `invalid_params` when the parts do not belong together.
 */
export function modelHash(graph: ModelGraph, mask: Mask, state: ModelState): string {
  const digest = sha256.create();
  digest.update(hashToBytes(mask.hash, 'mask hash'));
  digest.update(toBytes(packActive(graph, mask, state.params)));
  digest.update(toBytes(packMoments(graph, state.moments)));
  return bytesToHex(digest.digest());
}
