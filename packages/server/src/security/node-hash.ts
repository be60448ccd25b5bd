import { createHash } from 'node:crypto';
import type { HashMaker } from '@espalier/proto';

/** SHA-256 in machine code, for framing; an order of magnitude faster than the portable one. */
export const nodeHash: HashMaker = () => {
  const hash = createHash('sha256');
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    soFar: () => hash.copy().digest(),
  };
};
