/**
 * Generates the golden vectors of the wire, proto/vectors, from its samples. Build proto first.
 *   node tools/generate-vectors.mjs           writes what differs
 *   node tools/generate-vectors.mjs --check   fails when something differs from what is committed
 */
import { runAlone } from './generated.mjs';

/** Golden messages and frames. @type {import('./generated.mjs').Generator} */
export const vectors = {
  name: 'vectors',
  files: async () => {
    const { vectorFiles } = await import('../proto/dist/testing/vectors.js');
    return new Map(vectorFiles().map(({ name, bytes }) => [`proto/vectors/${name}`, bytes]));
  },
};

await runAlone(import.meta.url, vectors);
