import { packedLength } from '../params/pack.js';
import { packedPositions } from '../params/positions.js';
import { unionMask } from '../mask/nested-family.js';
import type { Mask } from '../mask/mask.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { UpdateSummary } from '../trainer/client-update.js';

/** One client's values among those of the round, and which of them it held. */
export interface SpreadValues {
  readonly values: Float32Array;
  /** Left out by a client that held all. */
  readonly held?: Uint8Array;
}

/** Weights that each client of a round held, and their positions among all that any client held. */
export class RoundParts {
  /** The round's own weights, and those that clients have grown. */
  readonly base: Mask;
  /** By position of the update. */
  readonly masks: readonly Mask[];
  readonly #graph: ModelGraph;
  readonly #length: number;
  /** Positions by the mask's hash: most clients share theirs with others. */
  readonly #positions = new Map<string, Uint32Array>();

  constructor(graph: ModelGraph, round: Mask, masks: readonly Mask[]) {
    this.#graph = graph;
    this.masks = masks;
    const others = [...new Map(masks.map((mask) => [mask.hash, mask])).values()];
    const base = unionMask([round, ...others]);
    this.base = base.hash === round.hash ? round : base;
    this.#length = packedLength(graph, this.base);
  }

  /** The values of the update at that position in the order of the base. */
  spread(at: number, values: Float32Array): SpreadValues {
    const positions = this.#positionsOf(at);
    if (positions.length === this.#length) return { values };
    const spread = { values: new Float32Array(this.#length), held: new Uint8Array(this.#length) };
    for (let i = 0; i < positions.length; i++) {
      spread.values[positions[i]!] = values[i]!;
      spread.held[positions[i]!] = 1;
    }
    return spread;
  }

  /** Picks, from values in the order of the base, those that the client at that position held. */
  gather(at: number, values: Float32Array): Float32Array {
    const positions = this.#positionsOf(at);
    const gathered = new Float32Array(positions.length);
    for (let i = 0; i < positions.length; i++) gathered[i] = values[positions[i]!]!;
    return gathered;
  }

  /** Sets to 0 what none of those clients held. */
  keepUnheld(update: Float64Array, clients: readonly number[]): void {
    const held = new Uint8Array(this.#length);
    for (const at of clients) for (const position of this.#positionsOf(at)) held[position] = 1;
    for (let i = 0; i < update.length; i++) if (held[i] === 0) update[i] = 0;
  }

  #positionsOf(at: number): Uint32Array {
    const mask = this.masks[at]!;
    const known = this.#positions.get(mask.hash);
    const positions = known ?? packedPositions(this.#graph, this.base, mask);
    this.#positions.set(mask.hash, positions);
    return positions;
  }
}

/** Reads which masks the updates were trained under. */
export async function readParts(
  graph: ModelGraph,
  round: Mask,
  reader: readonly (() => Promise<UpdateSummary>)[],
  maskOf: (update: UpdateSummary) => Mask,
): Promise<RoundParts> {
  const masks: Mask[] = [];
  for (const read of reader) masks.push(maskOf(await read()));
  return new RoundParts(graph, round, masks);
}
